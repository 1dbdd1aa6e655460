/** Words of others on one line of a log: nothing in them can end the line, act on a terminal, or pass for a field. */
import { quoteAscii } from '../text/ascii.ts';

/** A word as it is where it is a plain one; a JSON string where it is not. */
export function quoteField(text: string): string {
  return /^[\w./@,:;+{}%-]+$/.test(text) ? text : quoteAscii(text);
}
