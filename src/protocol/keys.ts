/** The secrets of a session, and how they are written. */

/** 128 bits as hex digits. */
export const keyLength = 32;

/** Lower-case hex digits: the session key of the seed. As a part of a regular expression. */
export const keyDigits = `[0-9a-f]{${keyLength}}`;

export const keyPattern = new RegExp(`^${keyDigits}$`);

/** Stands in the path for a key that travels as `Authorization: Bearer`. */
export const selfKey = 'self';

export function isKey(text: string): boolean {
  return keyPattern.test(text);
}

/** The part of a session's name that logs may show. */
export function shortName(name: string): string {
  return name.slice(0, 8);
}
