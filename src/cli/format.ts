/** Tables for people. */
import { cutToWidth, type Measure } from '../terminal/text-width.ts';

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
