/** Finds `--json` before the options are parsed: a parsing error has to be JSON too. */
import type { Command, Option } from 'commander';

type Taken = 'alone' | 'with the next';

/** How commander reads a word that begins with a dash. */
function readFlag(word: string, options: readonly Option[]): Taken {
  if (word.startsWith('--')) {
    const found = options.find(({ long }) => long === word);
    return found?.required === true ? 'with the next' : 'alone';
  }
  // `-dw 5`: a flag, then an option whose value is the rest of the word, or the next word.
  for (let at = 1; at < word.length; at++) {
    const found = options.find(({ short }) => short === `-${word[at]}`);
    if (found?.required !== true) continue;
    return at === word.length - 1 ? 'with the next' : 'alone';
  }
  return 'alone';
}

/** `passesThrough`: all words after the first argument belong to the remote command. */
export function wantsJson(
  argv: readonly string[],
  program: Command,
  command: Command | undefined,
  passesThrough: boolean,
): boolean {
  let current = program;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word === '--json' || word.startsWith('--json=')) return true;
    if (word === '--') return false;
    if (word.startsWith('-') && word !== '-') {
      if (readFlag(word, current.options) === 'with the next') at++;
    } else if (current === program && command) current = command;
    else if (passesThrough) return false;
  }
  return false;
}
