/** Shortens session keys in untrusted text that is stored, shown and logged. */

import { keyLength } from '../protocol/keys.ts';

const hexDigit = '[0-9a-fA-F]';

/**
 * 32 hex digits may be a session key, also after a few digits of something else, as in `%2D`. Shorter runs are ids, longer ones are
 * digests.
 */
const keyWord = new RegExp(
  `(?<!${hexDigit})(${hexDigit}{4})${hexDigit}{${keyLength - 4},${keyLength + 3}}(?!${hexDigit})`,
  'g',
);

/** Keeps digests, which such text may need. Adds only ASCII characters. */
export function hideKeys(text: string): string {
  return text.length < keyLength ? text : text.replaceAll(keyWord, '$1...');
}
