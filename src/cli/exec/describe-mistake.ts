/** Hints about common typing mistakes. They change neither the output nor the exit status. */
import { quoteForShell } from '../../protocol/quote-for-shell.ts';
import { hasNoLastingEffect } from './has-no-lasting-effect.ts';
import { quoteWord } from '../../text/quote-word.ts';

export interface Mistaken {
  words: readonly string[];
  exitStatus: number;
  /** The last bytes that the command wrote to stderr, as text. */
  lastStderr: string;
  /** Names of stored sessions. */
  sessionNames: () => readonly string[];
}

const maxShownLength = 200;

const severalAreQuoted = 'one argument is shell text, several arguments are quoted';

/** Words that a shell acts on unless they are quoted. */
const operators = new Set(['|', '||', '&&', '&', '>', '>>', '<', '2>', '2>&1', '&>']);

/** Commands that take such a word as an ordinary argument. */
const takesOperators = new Set(['expr', 'test', '[', 'echo', 'printf', 'find', 'jq', 'awk', 'grep']);

/** Commands whose arguments are paths: a pattern in such an argument was meant for the shell. */
const takesPaths = /^(?:ls|cat|rm|cp|mv|du|head|tail|chmod|chown|stat|wc|file|less|ln|rmdir|tar)$/;

const isPattern = (word: string): boolean => /^~|[*?]|\$[A-Za-z_{(]|`/.test(word);

/** The hint with a corrected command to copy, unless that command would be too long. */
function suggest(sentence: string, text: string): string {
  return text.length > maxShownLength ? sentence : `${sentence}: remotify exec ${quoteForShell(text)}`;
}

function describeUnfound({ words, sessionNames }: Mistaken): string | undefined {
  const [first = '', ...rest] = words;
  if (rest.length > 0 && /^[A-Za-z_][A-Za-z0-9_]*=/.test(first))
    return `several arguments are quoted, also ${quoteForShell(first)}: set a variable with --env ${quoteForShell(first)}`;
  if (rest.length > 0 && /[\s|&;<>()$`*?"']/.test(first))
    return suggest(severalAreQuoted, [first, ...rest.map(quoteWord)].join(' '));
  if (first.startsWith('-')) return 'remotify options go before the `--`, the command comes after it';
  if (words.some((word) => word.includes('\r')))
    return 'the command has carriage returns (CRLF line ends): remove them with tr -d "\\r"';
  if (rest.length === 0 && /^\s*(['"])[^'"]*\s[^'"]*\1\s*$/.test(first))
    return suggest('the command is quoted twice', first.trim().slice(1, -1));
  const [name = ''] = first.trim().split(/\s/);
  if (sessionNames().includes(name)) return `${name} is a session: choose it with -s ${name}`;
  if (/^[\w.-]+@[\w.-]+$/.test(name))
    return 'exec takes no host: choose a session with -s, see `remotify list`';
  if (/^(?:ll|la|l|nvm|conda|pyenv|rbenv|sdk)$/.test(name))
    return 'aliases and functions of an interactive shell are not loaded: write the full command, or source the file that defines it first';
  return undefined;
}

function describeTerminal(stderr: string): string | undefined {
  if (/sudo: .*(?:a terminal is required|no tty present|a password is required)/.test(stderr))
    return 'sudo has no terminal to ask for a password: use `sudo -n` with a NOPASSWD rule, or `sudo -S` with `remotify exec -i`';
  if (
    /not a TTY|to a TTY|Not a tty|must be run from a terminal|TERM environment variable not set/i.test(stderr)
  )
    return 'a remote command has no terminal: leave out options such as -t, and use the batch mode of the program';
  return undefined;
}

function describeQuoted({ words }: Mistaken): string | undefined {
  const [first = '', ...rest] = words;
  const isOperator = (word: string): boolean => operators.has(word) && !takesOperators.has(first);
  const isMeant = (word: string): boolean => isOperator(word) || (takesPaths.test(first) && isPattern(word));
  const meant = rest.find(isMeant);
  if (meant === undefined) return undefined;
  const text = [first, ...rest].map((word) => (isMeant(word) ? word : quoteWord(word))).join(' ');
  return suggest(`${severalAreQuoted}, including ${meant}`, text);
}

function describeLost(words: readonly string[]): string {
  const [name = '', folder = 'DIR'] = words.join(' ').trim().split(/\s+/);
  return name === 'cd'
    ? `each command starts in the folder of the listener: use --cwd ${folder}, or one argument: 'cd ${folder} && COMMAND'`
    : `each command runs in its own shell, so ${name} has no effect on the next one: put both into one argument`;
}

/** For a command that finished. Undefined if no mistake was recognised. */
export function describeMistake(mistaken: Mistaken): string | undefined {
  const { words, exitStatus, lastStderr } = mistaken;
  if (exitStatus === 0) return hasNoLastingEffect(words) ? describeLost(words) : undefined;
  const unfound = exitStatus === 127 || exitStatus === 126 ? describeUnfound(mistaken) : undefined;
  return unfound ?? describeTerminal(lastStderr) ?? describeQuoted(mistaken);
}
