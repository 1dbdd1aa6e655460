/**
 * Milliseconds of a monotonic clock. The build for Node reads `process.hrtime()` instead, because Node takes up to 3 ms to load
 * `performance` at its first use.
 */
export const monotonicMs = (): number => performance.now();
