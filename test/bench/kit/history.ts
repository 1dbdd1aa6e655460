/** Appends one line of JSON per run to the history, for comparison with later runs on the same machine. */
import { appendFileSync } from 'node:fs';
import type { Results } from './table.ts';

/** Rounds to four digits, to keep the lines readable. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}

export function appendHistory(file: string, { date, commit, form, machine, groups }: Results): void {
  const ratios: Record<string, number> = {};
  const figures: Record<string, number> = {};
  for (const { id, figure, ratio } of groups.flatMap(({ rows }) => rows)) {
    if (ratio) ratios[id] = round(ratio.median);
    else if (figure) figures[id] = round(figure.median);
  }
  const { node, ...rest } = machine;
  appendFileSync(file, `${JSON.stringify({ date, commit, form, node, machine: rest, ratios, figures })}\n`);
}
