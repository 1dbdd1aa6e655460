/** The middle, the least and the most of several measurements of one thing. */
export type Spread = { median: number; min: number; max: number };

/** Of sorted values, the one that `share` of them are below. */
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

/** Round by round: a machine that slows down for a while slows both sides of a round. */
export function ratiosOf(values: readonly number[], bases: readonly number[]): number[] {
  return values.slice(0, bases.length).map((value, nth) => value / (bases[nth] ?? Number.NaN));
}
