/** Numbers and tables for people. */
import { cutToWidth, type Measure } from '../terminal/text-width.ts';

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** `4 s`, `3 m 20 s`, `2 h 5 m`, `3 d 4 h`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return join(Math.floor(whole / 60), 'm', whole % 60, 's');
  if (whole < 172_800) return join(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'm');
  return join(Math.floor(whole / 86_400), 'd', Math.floor((whole % 86_400) / 3600), 'h');
}

/** `320 ms`, `1.2 s`, then as above. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : formatSeconds(ms / 1000);
}

/** How long ago, in the largest unit. A clock that is behind the relay's gives 0. */
export function formatAge(since: number, now = Date.now()): string {
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** `2026-11-29 14:03:07`, in the time zone of this machine. */
export function formatTime(ms: number): string {
  const date = new Date(ms);
  const pad = (value: number): string => String(value).padStart(2, '0');
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join(':')}`;
}

export interface TableOptions {
  /** Of the screen; without it nothing is cut. */
  columns?: number | undefined;
  measure?: Measure;
}

const gap = '  ';

/** Below this the last cell goes on a line of its own. */
const minLastWidth = 20;

/** Columns padded to the widest, two spaces apart, nothing trailing. The last cell is cut to the screen. */
export function formatTable(
  rows: readonly (readonly string[])[],
  { columns, measure = (text) => text.length }: TableOptions = {},
): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, measure(cell))));
  const fixed = widths.slice(0, -1).reduce((sum, width) => sum + width + gap.length, 0);
  const last = widths.length - 1;
  const isBelow = columns !== undefined && fixed + Math.min(minLastWidth, widths[last] ?? 0) > columns;
  const cut = (text: string): string => (columns === undefined ? text : cutToWidth(text, columns, measure));
  return rows
    .flatMap((row) => {
      const padded = row.map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - measure(cell)));
      if (!isBelow || (row[last] ?? '') === '') return [padded.join(gap)];
      return [padded.slice(0, last).join(gap), `    ${row[last] ?? ''}`];
    })
    .map((line) => cut(line.trimEnd()))
    .join('\n');
}
