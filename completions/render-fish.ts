import type { Argument, CliCommand, Flag } from './describe-cli.ts';
import { fishFunctions } from './fish-functions.ts';
import type { Value } from './known-values.ts';

function quote(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}

/** A call of a function of this file, to be evaluated by fish; an empty name is the program's. */
function renderCondition(name: string, command: string, ...rest: (string | number)[]): string {
  return [`"${name}`, command || `''`, ...rest].join(' ').concat('"');
}

/** Fish expands what -a is given: these are our own words only. */
function renderValue(value: Value): string {
  switch (value.kind) {
    case 'words':
      return `-x -a ${quote(value.words.join(' '))}`;
    case 'file':
    case 'script':
      return '-r -F';
    case 'folder':
      return `-x -a '(_remotify_folders)'`;
    case 'session':
      return `-x -a '(_remotify_sessions)'`;
    case 'store':
      return `-x -a '(_remotify_stores ${value.words.join(' ')})'`;
    case 'command':
    case 'free':
      return '-x';
    default:
      return value satisfies never;
  }
}

function renderFlag(command: string, { names, description, value }: Flag): string {
  const options = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  // A value that may be left out comes after = only, as far as fish knows.
  const takes = value && !value.optional ? ` ${renderValue(value.value)}` : '';
  const condition = renderCondition('_remotify_flags_of', command);
  return `complete -c remotify -n ${condition} ${options.join(' ')}${takes} -d ${quote(description)}`;
}

function renderArgument(command: string, { variadic, value }: Argument, at: number): string[] {
  if (value.kind === 'free') return [];
  const place = renderCondition('_remotify_argument_of', command, at, variadic ? '-ge' : '-eq');
  if (value.kind === 'command') return [`complete -c remotify -n ${place} -a '(_remotify_first_words)'`];
  return [`complete -c remotify -n ${place} ${renderValue(value)}`];
}

/** What the flags of a command take: all that the reader of the words before the cursor needs. */
function renderTakes({ name, flags }: CliCommand): string[] {
  const takes = new Map<string, string[]>();
  for (const { names, value } of flags) {
    if (!value) continue;
    const how = value.value.kind === 'script' ? 'script' : value.optional ? 'optional' : 'required';
    takes.set(how, [...(takes.get(how) ?? []), ...names]);
  }
  if (takes.size === 0) return [];
  const cases = [...takes].flatMap(([how, names]) => [
    `                case ${names.join(' ')}`,
    `                    set takes ${how}`,
  ]);
  return [`        case ${name || `''`}`, `            switch "$argv[2]"`, ...cases, '            end'];
}

function renderOwnsRest({ name, arguments: list }: CliCommand): string[] {
  return list.flatMap(({ value }, at) => (value.kind === 'command' ? [quote(`${name} ${at}`)] : []));
}

export function renderFish([program, ...commands]: readonly [CliCommand, ...CliCommand[]]): string {
  const all = [program, ...commands];
  const names = commands.map(
    ({ name, summary }) =>
      `complete -c remotify -n ${renderCondition('_remotify_argument_of', '', 0, '-eq')} -a ${name} -d ${quote(summary)}`,
  );
  const rest = commands.map(({ name, flags, arguments: list }) =>
    [
      '',
      `# ${name}`,
      ...flags.map((flag) => renderFlag(name, flag)),
      ...list.flatMap((argument, at) => renderArgument(name, argument, at)),
    ].join('\n'),
  );
  return `# remotify in fish. Made by \`npm run completions\` from the command line itself: do not edit.

# Whether the flag $argv[2] of the command $argv[1] takes a value.
function _remotify_takes
    set -l takes none
    switch "$argv[1]"
${all.flatMap(renderTakes).join('\n')}
    end
    echo $takes
end

# Whether the argument number $argv[2] of the command $argv[1] starts the command line of another program.
function _remotify_owns_rest
    contains -- "$argv[1] $argv[2]" ${all.flatMap(renderOwnsRest).join(' ')}
end

${fishFunctions}
complete -c remotify -e
complete -c remotify -n 'not _remotify_rest' -f
${program.flags.map((flag) => renderFlag('', flag)).join('\n')}
${names.join('\n')}
${rest.join('\n')}
`;
}
