/** Keys of sessions in text of others, which is stored, shown and logged. */

import { keyLength } from '../protocol/keys.ts';

const hexDigit = '[0-9a-fA-F]';

/**
 * 32 digits open a session, also behind a few digits that belong to something else, as in `%2D`. Shorter runs tell things apart, longer ones
 * are digests.
 */
const keyWord = new RegExp(
  `(?<!${hexDigit})(${hexDigit}{4})${hexDigit}{${keyLength - 4},${keyLength + 3}}(?!${hexDigit})`,
  'g',
);

/** Digests stay: in such text they have a meaning. What it adds is ASCII. */
export function hideKeys(text: string): string {
  return text.length < keyLength ? text : text.replaceAll(keyWord, '$1...');
}
