import { bashOffers } from './bash-offers.ts';
import { bashReader } from './bash-reader.ts';
import type { CliCommand, Flag } from './describe-cli.ts';
import type { Value } from './known-values.ts';

/** A word of remotify, in single quotes where the shell would expand it. */
function quote(word: string): string {
  return /^[\w.:=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function renderKind(value: Value): string {
  return [value.kind, ...('words' in value ? value.words : [])].map(quote).join(' ');
}

function renderFlags({ name, flags }: CliCommand): string {
  const names = flags.flatMap((flag) => flag.names);
  return `    ${quote(name)}) kind=(words ${names.map(quote).join(' ')}) ;;`;
}

/** One line for all flags of a command that take the same. */
function renderFlagValues({ name, flags }: CliCommand): string[] {
  const byKind = new Map<string, string[]>();
  const add = ({ names, value }: Flag) => {
    if (!value) return;
    const kind = `kind=(${renderKind(value.value)})${value.optional ? ' optional=1' : ''}`;
    byKind.set(kind, [...(byKind.get(kind) ?? []), ...names]);
  };
  flags.forEach(add);
  const lines = [...byKind].map(([kind, names]) => `        ${names.map(quote).join(' | ')}) ${kind} ;;`);
  if (lines.length === 0) return [];
  return [`    ${quote(name)})`, '      case $2 in', ...lines, '      esac', '      ;;'];
}

function renderArguments({ name, arguments: list }: CliCommand): string[] {
  return list.flatMap(({ variadic, value }, at) => {
    if (value.kind === 'free') return [];
    const place = variadic ? `${quote(`${name} `)}*` : quote(`${name} ${at}`);
    return [`    ${place}) kind=(${renderKind(value)}) ;;`];
  });
}

export function renderBash(commands: readonly CliCommand[]): string {
  return `# remotify in bash, 3.2 or newer. Made by \`npm run completions\` from the command line itself: do not edit.
# shellcheck shell=bash disable=SC2034
# Nothing that was typed is ever evaluated: words are compared, never expanded.

# The flags of the command $1.
_remotify_flags() {
  kind=()
  case $1 in
${commands
  .filter(({ flags }) => flags.length > 0)
  .map(renderFlags)
  .join('\n')}
  esac
}

# What follows the flag $2 of the command $1.
_remotify_flag_value() {
  kind=() optional=''
  case $1 in
${commands.flatMap(renderFlagValues).join('\n')}
  esac
}

# What the argument number $2 of the command $1 is.
_remotify_argument() {
  kind=()
  case "$1 $2" in
${commands.flatMap(renderArguments).join('\n')}
  esac
}

${bashOffers}
${bashReader}`;
}
