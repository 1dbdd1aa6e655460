/**
 * Man pages in the man(7) macros. Generators from Markdown know no `.TP`, the macro for a list of options, and the ones from help texts
 * read no options of subcommands: so they are written here, from the same description as the reference.
 */
import type { CommandPage, PageOption, ProgramPages } from './describe-page.ts';

/** Text in which roff finds no request, no escape, and no hyphen where a dash is meant to be copied. */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '')
    .replaceAll('…', '...')
    .replace(/^\./, '\\&.');
}

const section = (title: string, body: readonly string[]): string[] =>
  body.length === 0 ? [] : [`.SH ${title}`, ...body];

const paragraphs = (texts: readonly string[]): string[] => texts.flatMap((text) => ['.PP', escape(text)]);

/** Names are bold, values italic. */
function renderFlags(flags: string): string {
  const words = escape(flags).split(/(<[^>]*>|\[[^\]]*\])/);
  return words
    .map((word) => (/^[<[]/.test(word) ? `\\fI${word}\\fR` : word === '' ? '' : `\\fB${word}\\fR`))
    .join('');
}

const renderOptions = (options: readonly PageOption[]): string[] =>
  options.flatMap(({ flags, description }) => ['.TP', renderFlags(flags), escape(description)]);

const renderExamples = (examples: readonly string[]): string[] =>
  examples.length === 0 ? [] : ['.nf', ...examples.map((line) => `    ${escape(line)}`), '.fi'];

interface Release {
  version: string;
}

function renderPage(
  page: CommandPage,
  common: readonly PageOption[],
  more: string[],
  release: Release,
): string {
  const title = page.name === '' ? 'remotify' : `remotify-${page.name}`;
  const isStatus = (text: string): boolean => text.startsWith('Exit status');
  return `${[
    `.\\" Written by npm run docs: do not edit.`,
    `.TH ${title.toUpperCase().replaceAll('-', '\\-')} 1 "" "remotify ${release.version}" "User Commands"`,
    ...section('NAME', [`${escape(title)} \\- ${escape(page.summary)}`]),
    ...section('SYNOPSIS', [`\\fBremotify\\fR ${escape(page.usage.slice('remotify '.length))}`]),
    ...section('DESCRIPTION', paragraphs(page.notes)),
    ...section('ARGUMENTS', renderOptions(page.arguments)),
    ...section('OPTIONS', renderOptions(page.options)),
    ...section('GLOBAL OPTIONS', renderOptions(common)),
    ...more,
    ...section('EXAMPLES', renderExamples(page.examples)),
    ...section('EXIT STATUS', paragraphs(page.closing.filter(isStatus))),
    ...section('NOTES', paragraphs(page.closing.filter((text) => !isStatus(text)))),
  ].join('\n')}\n`;
}

const seeAlso = (names: readonly string[]): string[] =>
  section('SEE ALSO', [names.map((name) => `\\fB${escape(name)}\\fR(1)`).join(',\n')]);

/** By file name: `remotify.1`, and one for each command. */
export function renderMan(
  { program, commands, common }: ProgramPages,
  release: Release,
): Record<string, string> {
  const list = section(
    'COMMANDS',
    commands.flatMap(({ name, summary }) => ['.TP', `\\fBremotify\\-${name}\\fR(1)`, escape(summary)]),
  );
  const pages: Record<string, string> = {
    'remotify.1':
      renderPage(program, common, list, release) +
      `${seeAlso(commands.map(({ name }) => `remotify-${name}`)).join('\n')}\n`,
  };
  for (const page of commands)
    pages[`remotify-${page.name}.1`] =
      renderPage(page, common, [], release) + `${seeAlso(['remotify']).join('\n')}\n`;
  return pages;
}
