/** Formats durations for people. An unknown one is `?`; a negative one, from clocks that differ, is 0. */

/** Whole numbers of both units; leaves out the small unit if it is 0. */
function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = small < 1 ? '' : ` ${Math.floor(small)} ${smallUnit}`;
  return `${Math.floor(large)} ${largeUnit}${rest}`;
}

/** `4 s`, `3 m 20 s`, `2 h 5 m`, `3 d 4 h`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '? s';
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return join(whole / 60, 'm', whole % 60, 's');
  if (whole < 172_800) return join(whole / 3600, 'h', (whole % 3600) / 60, 'm');
  return join(whole / 86_400, 'd', (whole % 86_400) / 3600, 'h');
}

/** `320 ms`, `1.2 s`; from a minute on like formatSeconds(). */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.max(0, Math.round(ms))} ms`;
  // From 59.95 s on, rounding would give 60.0 s.
  return ms < 59_950 ? `${(ms / 1000).toFixed(1)} s` : formatSeconds(Math.max(60, ms / 1000));
}

/** A limit as the user set it: `500 ms`, `1.5 s`, `2 s`, `10 m`. */
export function formatLimit(seconds: number): string {
  return Number.isInteger(seconds) || seconds >= 60 ? formatSeconds(seconds) : formatDuration(seconds * 1000);
}

/** The time since `since`, in the largest unit. */
export function formatAge(since: number, now: number): string {
  const seconds = Math.floor((now - since) / 1000);
  if (!Number.isFinite(seconds) || seconds < 60) return formatSeconds(seconds);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
