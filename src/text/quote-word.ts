/** Words of a command line as a shell reads them. */
import { isPlainWord, quoteForShell } from '../protocol/quote-for-shell.ts';

/** One word of a shell: as it is where nothing in it is special. */
export function quoteWord(word: string): string {
  return isPlainWord(word) ? word : quoteForShell(word);
}
