import type { Argument, CliCommand, Flag } from './describe-cli.ts';
import type { Value } from './known-values.ts';
import { zshFunctions } from './zsh-functions.ts';

/** A word of remotify, quoted for zsh. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Text between the colons or brackets of a specification for _arguments. */
function escape(text: string): string {
  return text.replaceAll(/[\\:[\]]/g, '\\$&');
}

function renderAction(value: Value): string {
  switch (value.kind) {
    case 'words':
      return `(${value.words.map((word) => word.replaceAll(/[^\w.-]/g, '\\$&')).join(' ')})`;
    case 'file':
    case 'script':
      return '_remotify_files';
    case 'folder':
      return '_remotify_files -/';
    case 'session':
      return '_remotify_sessions';
    case 'command':
      return '_remotify_first_words';
    case 'store':
      return `_remotify_stores -- ${value.words.map(escape).join(' ')}`;
    case 'free':
      return ' ';
    default:
      return value satisfies never;
  }
}

/** One specification for each name: of a flag that is not repeatable, one name excludes the other. */
function renderFlag({ names, description, repeatable, value }: Flag): string[] {
  const others = repeatable ? '*' : names.length > 1 ? `(${names.join(' ')})` : '';
  const what = `[${escape(description)}]`;
  return names.map((name) => {
    if (!value) return quote(`${others}${name}${what}`);
    const joint = name.startsWith('--') ? '=' : '+';
    const colons = value.optional ? '::' : ':';
    const rest = `${colons}${escape(value.placeholder)}:${renderAction(value.value)}`;
    return quote(`${others}${name}${joint}${what}${rest}`);
  });
}

function renderArgument({ name, variadic, value }: Argument, at: number): string[] {
  if (value.kind === 'command') {
    return [quote(`(-)${at + 1}:${name}:${renderAction(value)}`), quote('(-)*:argument:_remotify_files')];
  }
  return [quote(`${variadic ? '*' : at + 1}:${escape(name)}:${renderAction(value)}`)];
}

function renderCommand({ name, flags, arguments: list }: CliCommand): string {
  const ownLine = list.some(({ value }) => value.kind === 'command');
  const specifications = [...flags.flatMap(renderFlag), ...list.flatMap(renderArgument)];
  const call = `_arguments -s -S${ownLine ? ` -A '-*'` : ''}`;
  return `    ${name})
      ${[call, ...specifications].join(' \\\n        ')} && ret=0
      ;;`;
}

export function renderZsh([program, ...commands]: readonly [CliCommand, ...CliCommand[]]): string {
  return `#compdef remotify
# remotify in zsh. Made by \`npm run completions\` from the command line itself: do not edit.

_remotify_commands() {
  local -a commands=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`).join('\n')}
  )
  _describe -t commands command commands "$@"
}

${zshFunctions}
_remotify() {
  local curcontext=$curcontext state state_descr line ret=1
  local -A opt_args
  _arguments -C -s -S -A '-*' \\
    ${program.flags.flatMap(renderFlag).join(' \\\n    ')} \\
    '(-)1:command:_remotify_commands' \\
    '(-)*::argument:->arguments' && ret=0
  [[ $state == arguments ]] || return ret
  curcontext=\${curcontext%:*:*}:remotify-$words[1]:
  case $words[1] in
${commands.map(renderCommand).join('\n')}
  esac
  return ret
}

# Loaded through fpath, this is called as the function itself; sourced, it makes itself known.
if [[ \${funcstack[1]-} == _remotify ]]; then
  _remotify "$@"
else
  compdef _remotify remotify
fi
`;
}
