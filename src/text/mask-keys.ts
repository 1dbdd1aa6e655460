/** Keys of sessions in messages of this program: cut to what tells two of them apart. */

/** A key by its beginning. */
export function maskKey(key: string): string {
  return `${key.slice(0, 4)}…`;
}

/** 24 hexadecimal digits are most of a key already. */
export function maskKeys(text: string): string {
  return text.replaceAll(/[0-9a-fA-F]{24,}/g, maskKey);
}
