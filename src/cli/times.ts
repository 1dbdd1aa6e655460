/** Formats times of day and dates, in the time zone of this machine. */

const pad = (value: number): string => String(value).padStart(2, '0');

/** `14:03:07` */
export function formatClock(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join(':');
}

/** `2026-11-29 14:03:07`. `ms`: since 1970. */
export function formatTime(ms: number): string {
  const date = new Date(ms);
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join('-');
  return `${day} ${formatClock(date)}`;
}
