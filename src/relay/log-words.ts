/** Words of others on one line of a log: nothing in them can end the line, act on a terminal, pass for a field, or open a session. */

/**
 * 32 hex digits open a session, also behind a digit or two that belong to something else, as in `%2D`. Shorter runs tell things
 * apart, longer ones are digests.
 */
const keyWord = /(?<![0-9a-fA-F])([0-9a-fA-F]{4})[0-9a-fA-F]{28,35}(?![0-9a-fA-F])/g;

/** Whatever is not printable ASCII, as JSON spells it. */
export function toAscii(json: string): string {
  return json.replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${(unit.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** A JSON string in ASCII. */
export function quoteText(text: string): string {
  return toAscii(JSON.stringify(text));
}

/** A word as it is where it is a plain one; a JSON string where it is not. */
export function quoteWord(text: string): string {
  return /^[\w./@,:;+{}%-]+$/.test(text) ? text : quoteText(text);
}

/** Keys cut to what tells two of them apart. */
export function hideKeys(text: string): string {
  return text.replaceAll(keyWord, '$1...');
}
