/** Masks session keys in messages of this program: keeps the first 4 digits, which tell two keys apart. */

/** `0123…` */
export function maskKey(key: string): string {
  return `${key.slice(0, 4)}…`;
}

/** Masks runs of 24 hex digits or more, because 24 digits are most of a key already. */
export function maskKeys(text: string): string {
  return text.replaceAll(/[0-9a-fA-F]{24,}/g, maskKey);
}
