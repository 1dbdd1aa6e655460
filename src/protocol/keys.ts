/** The format of session keys and listener keys. */

/** 128 bits as hex digits. */
export const keyLength = 32;

/** A part of a regular expression: lower-case hex digits, like the session key of the original remotify.run API. */
export const keyDigits = `[0-9a-f]{${keyLength}}`;

export const keyPattern = new RegExp(`^${keyDigits}$`);

/** Replaces the key in the path of a request that has it in `Authorization: Bearer`. */
export const selfKey = 'self';

export function isKey(text: string): boolean {
  return keyPattern.test(text);
}

/** The part of a session's name that logs may show. */
export function shortName(name: string): string {
  return name.slice(0, 8);
}
