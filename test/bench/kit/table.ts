/** Renders the results as Markdown. The JSON form is the same object. */
import type { Spread } from './figures.ts';
import type { GroupResult } from './group.ts';
import type { Machine } from './machine.ts';
import type { Row } from './rows.ts';

export type Results = {
  date: string;
  commit: string;
  form: 'full' | 'short' | 'partial';
  machine: Machine;
  groups: GroupResult[];
};

/** Three significant digits. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(size >= 10 ? 1 : 2);
}

function formatSpread({ median, min, max }: Spread, unit: string): string {
  const unitText = unit === '' ? '' : ` ${unit}`;
  const middle = `${formatNumber(median)}${unitText}`;
  return min === max ? middle : `${middle} (${formatNumber(min)}–${formatNumber(max)})`;
}

function renderRow({ name, unit, figure, base, ratio, goal, isMet, skipped }: Row): string {
  const cells = figure
    ? [
        name,
        formatSpread(figure, unit),
        ratio && base ? `${formatSpread(ratio, '×')} ${base}` : '',
        goal ?? '',
        isMet === undefined ? '' : isMet ? 'yes' : '**no**',
      ]
    : [name, `skipped: ${skipped ?? 'not measured'}`, '', '', ''];
  return `| ${cells.join(' | ')} |`;
}

export function renderMarkdown({ date, commit, form, machine, groups }: Results): string {
  const { cpu, cores, memory_gib, kernel, node, load } = machine;
  const lines = [
    '# Benchmark',
    '',
    `${date}, commit ${commit}, ${form} form. ${cpu}, ${cores} cores, ${memory_gib} GiB, ${kernel}, Node ${node}; load ${load.toFixed(1)} at the start.`,
    'Each figure is the median, with minimum and maximum in parentheses. Ratios compare figures of the same round.',
    ...(form === 'short'
      ? ['The short form only checks that everything runs; its figures are of code that is not warmed up.']
      : []),
  ];
  for (const { title, notes, rows, failure } of groups) {
    lines.push('', `## ${title}`, '', '| what | figure | ratio | goal | met |', '|---|---|---|---|---|');
    lines.push(...rows.map(renderRow));
    if (notes.length > 0) lines.push('', ...notes.map((note) => `- ${note}`));
    if (failure !== undefined) lines.push('', `Failed: ${failure}`);
  }
  return `${lines.join('\n')}\n`;
}
