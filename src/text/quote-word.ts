/** Quotes words of a command line for a shell. */
import { isPlainWord, quoteForShell } from '../protocol/quote-for-shell.ts';

/** One word for a shell; unchanged if no character in it is special. */
export function quoteWord(word: string): string {
  return isPlainWord(word) ? word : quoteForShell(word);
}
