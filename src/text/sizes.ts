/** Formats sizes and counts for people. */

/** `512 B`, `12.3 MB`: powers of 1000, as in scp and file managers. `? B`: unknown. */
export function formatSize(bytes: number): string {
  if (!Number.isFinite(bytes)) return '? B';
  if (bytes < 999.5) return `${Math.max(0, Math.round(bytes))} B`;
  const units = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
  let value = bytes / 1000;
  let at = 0;
  while (value >= 999.95 && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  return `${value.toFixed(1)} ${units[at] ?? ''}`;
}

/** `1 file`, `3 files`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
