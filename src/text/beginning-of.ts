/** The beginning of a script, for lists of commands. */
import { maxTextLength } from '../protocol/limits.ts';
import { cutBytes } from './cut-bytes.ts';
import { hideKeys } from './hide-keys.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The first characters. Keys in it are cut short, bytes that are not UTF-8 become U+FFFD. */
export function beginningOf(script: Uint8Array): string {
  // A character takes 4 bytes at most.
  const text = hideKeys(decoder.decode(cutBytes(script, 4 * maxTextLength)));
  // No text has more characters than it has units of UTF-16.
  return text.length <= maxTextLength ? text : Array.from(text).slice(0, maxTextLength).join('');
}
