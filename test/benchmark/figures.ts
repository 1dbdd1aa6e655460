/** Times of one contender, in milliseconds, as they are compared. */

export function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** A line: median, 95 %, and how many times the base the median is. */
export function report(name: string, times: readonly number[], base: number): void {
  const [p50, p95] = [quantile(times, 0.5), quantile(times, 0.95)];
  const figures = `p50 ${p50.toFixed(1).padStart(6)} ms   p95 ${p95.toFixed(1).padStart(6)} ms`;
  process.stdout.write(`${name.padEnd(28)}${figures}   × ${(p50 / base).toFixed(2)}\n`);
}
