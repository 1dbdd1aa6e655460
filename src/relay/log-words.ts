/** Words of others on one line of a log: nothing in them can end the line, act on a terminal, or pass for a field. */
import { toAscii } from '../text/quote.ts';

/** A JSON string in ASCII. */
export function quoteText(text: string): string {
  return toAscii(JSON.stringify(text));
}

/** A word as it is where it is a plain one; a JSON string where it is not. */
export function quoteWord(text: string): string {
  return /^[\w./@,:;+{}%-]+$/.test(text) ? text : quoteText(text);
}
