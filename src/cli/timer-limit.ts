/** setTimeout takes no more than 24.8 days: a longer wait would be over at once. */
const maxTimerMs = 2 ** 31 - 1;

export function timerMs(seconds: number): number {
  return Math.min(seconds * 1000, maxTimerMs);
}
