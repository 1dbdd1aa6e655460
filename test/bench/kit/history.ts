/** One line of JSON for each run: the figures of later runs on the same machine can be compared with it. */
import { appendFileSync } from 'node:fs';
import type { Results } from './table.ts';

/** So that a line can be read. */
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
