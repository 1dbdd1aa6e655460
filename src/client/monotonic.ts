/** Milliseconds of a clock that nobody sets. The build for Node reads `process.hrtime()`: Node loads `performance` at its first use, 3 ms. */
export const monotonicMs = (): number => performance.now();
