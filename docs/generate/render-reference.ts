/** `docs/reference.md`: every command with its options, in the order of the help. */
import type { CommandPage, PageOption, ProgramPages } from './describe-page.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|');

function renderTable(head: string, rows: readonly PageOption[]): string[] {
  if (rows.length === 0) return [];
  return [
    `| ${head} | |\n|---|---|\n${rows.map(({ flags, description }) => `| \`${cell(flags)}\` | ${cell(description)} |`).join('\n')}`,
  ];
}

/** Lines that a person may copy are code; `<x>` outside of code would be taken for HTML. */
const prose = (text: string): string => text.replaceAll('<', '&lt;');

function renderCommand(page: CommandPage): string {
  return [
    `## ${page.name}`,
    prose(page.summary),
    `\`\`\`\n${page.usage}\n\`\`\``,
    ...renderTable('argument', page.arguments),
    ...renderTable('option', page.options),
    ...page.notes.map(prose),
    ...(page.examples.length > 0 ? [`\`\`\`sh\n${page.examples.join('\n')}\n\`\`\``] : []),
    ...page.closing.map(prose),
  ].join('\n\n');
}

export function renderReference({ commands, common }: ProgramPages): string {
  const list = commands.map(({ name, summary }) => `| [${name}](#${name}) | ${cell(summary)} |`);
  return `${[
    '# Reference of the commands',
    'Written by `npm run docs` from the command line itself: do not edit. [exec.md](exec.md) explains how the commands behave, [variables.md](variables.md) lists the variables.',
    `| command | |\n|---|---|\n${list.join('\n')}`,
    'Results go to stdout, everything else to stderr. A duration is written `30s`, `5m` or `2h`; a number alone counts seconds. Help and tables have the width of `COLUMNS`, else of the terminal.',
    '## Global options',
    'They may be given before or after the name of the command.',
    ...renderTable('option', common),
    ...commands.map(renderCommand),
  ].join('\n\n')}\n`;
}
