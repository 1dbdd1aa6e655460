/** Cuts a script to its beginning, for lists of commands. */
import { maxTextLength } from '../protocol/limits.ts';
import { cutBytes } from './cut-bytes.ts';
import { hideKeys } from './hide-keys.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The first `maxTextLength` characters. Keys are shortened, and bytes that are not UTF-8 become U+FFFD. */
export function beginningOf(script: Uint8Array): string {
  // A character takes 4 bytes at most.
  const text = hideKeys(decoder.decode(cutBytes(script, 4 * maxTextLength)));
  // A text never has more characters than UTF-16 units, so a short one needs no count.
  return text.length <= maxTextLength ? text : Array.from(text).slice(0, maxTextLength).join('');
}
