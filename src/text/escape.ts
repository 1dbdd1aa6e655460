/** Escapes untrusted text for people: every character that could act on a terminal or be invisible. */

/**
 * The only list of such characters, as the source of a regular expression: C0 except tab and line feed, DEL, C1, lone surrogates, and the
 * characters that are invisible or change the direction of the text. Regular expressions that use it need the flag `u`.
 *
 * It contains all of Unicode 17 in Cc, Cf, Zl, Zp and Default_Ignorable_Code_Point, and two blanks outside of these: U+2800 and U+1D159.
 * It leaves out visible signs of Cf, such as the Arabic number sign, and the spaces of Zs, which are common in French and Chinese texts.
 *
 * It contains joiners (U+200C, U+200D) and variation selectors, although Persian words and some emoji use them: two texts that look the
 * same could differ in them, and their effect depends on characters that may be in another chunk. The text around them stays readable.
 */
export const unsafeCharacters = String.raw`[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d159}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]`;

const unsafe = new RegExp(unsafeCharacters, 'gu');

/** `\x1b`, `\u{202e}`. */
export function spell(char: string): string {
  const point = char.codePointAt(0) ?? 0;
  const digits = point.toString(16);
  return point < 0x100 ? `\\x${digits.padStart(2, '0')}` : `\\u{${digits}}`;
}

/** Keeps line feeds and tabs, escapes all other unsafe characters. */
export function escapeUnsafe(text: string): string {
  return text.replaceAll(unsafe, spell);
}

/** For names, reasons and other untrusted text: one line, no colours. */
export function escapeText(text: string): string {
  return escapeUnsafe(text.replaceAll('\n', '\\n').replaceAll('\t', '\\t'));
}
