/** Escapes untrusted text for one log line: no newlines, no terminal escapes, no forged `key=value`. */
import { quoteAscii } from '../text/ascii.ts';

/** A plain word as it is; any other text as a JSON string. */
export function quoteField(text: string): string {
  return /^[\w./@,:;+{}%-]+$/.test(text) ? text : quoteAscii(text);
}
