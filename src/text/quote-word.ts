/** Words of a command line as a shell reads them. */
import { quoteForShell } from '../protocol/quote-for-shell.ts';

/** Characters that no shell treats as special. */
const plainWord = /^[A-Za-z0-9_@%+=:,./-]+$/;

export function isPlainWord(text: string): boolean {
  return plainWord.test(text);
}

/** One word of a shell: as it is where nothing in it is special. */
export function quoteWord(word: string): string {
  return isPlainWord(word) ? word : quoteForShell(word);
}
