/** The longest delay of setTimeout, 24.8 days: with a longer one it fires immediately. */
const maxTimerMs = 2 ** 31 - 1;

export function timerMs(seconds: number): number {
  return Math.min(seconds * 1000, maxTimerMs);
}
