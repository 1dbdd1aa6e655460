/** Median, minimum and maximum of several measurements. */
export type Spread = { median: number; min: number; max: number };

/** The quantile: `share` of the values are below it. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [below, above] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((below ?? Number.NaN) + (above ?? Number.NaN)) / 2;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Ratios per round: when the machine slows down for a while, it slows both sides of a round. */
export function ratiosOf(values: readonly number[], bases: readonly number[]): number[] {
  return values.slice(0, bases.length).map((value, nth) => value / (bases[nth] ?? Number.NaN));
}
