/** Keys of sessions in text that is shown or logged: cut to what tells two of them apart. */

/** A key by its beginning. */
export function maskKey(key: string): string {
  return `${key.slice(0, 4)}…`;
}

/** For messages of this program: 24 hexadecimal digits are most of a key already. */
export function maskKeys(text: string): string {
  return text.replaceAll(/[0-9a-fA-F]{24,}/g, maskKey);
}

/**
 * 32 digits open a session, also behind a few digits that belong to something else, as in `%2D`. Shorter runs tell things apart, longer ones
 * are digests.
 */
const keyWord = /(?<![0-9a-fA-F])([0-9a-fA-F]{4})[0-9a-fA-F]{28,35}(?![0-9a-fA-F])/g;

/** For text of others, in which digests have a meaning. In ASCII. */
export function hideKeys(text: string): string {
  return text.replaceAll(keyWord, '$1...');
}
