/** Renders tables as aligned columns. */
import { cutToWidth, type Measure } from '../terminal/text-width.ts';

export interface TableOptions {
  /** Width of the screen; without it lines are not truncated. */
  columns?: number | undefined;
  measure?: Measure;
}

const gap = '  ';

/** If the last column would be narrower than this, its cells go on lines of their own. */
const minLastWidth = 20;

/** Pads columns to their widest cell, two spaces apart, without trailing spaces. Truncates lines to the screen. */
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
