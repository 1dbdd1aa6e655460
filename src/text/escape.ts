/** Untrusted text for people: every character that could act on a screen, or hide in the text, is spelled out. */
import { decode } from './utf8.ts';

/**
 * The one list of such characters, as the source of a regular expression: C0 but tab and line feed, DEL, C1, and the characters that are
 * invisible or change the direction of the text. Regular expressions on it need the flag `u`.
 */
export const unsafeCharacters = String.raw`[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]`;

const unsafe = new RegExp(unsafeCharacters, 'gu');

/** `\x1b`, `\u{202e}`. */
export function spell(char: string): string {
  const point = char.codePointAt(0) ?? 0;
  return point < 0x100 ? `\\x${point.toString(16).padStart(2, '0')}` : `\\u{${point.toString(16)}}`;
}

/** For names, reasons and other words of others: one line, no colours. */
export function escapeText(text: string): string {
  return text.replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll(unsafe, spell);
}

/** Line feeds and tabs stay, all other unsafe characters are spelled out. */
export function escapeUnsafe(text: string): string {
  return text.replaceAll(unsafe, spell);
}

/** For readers that see no screen: line feeds and tabs stay, all other unsafe characters are spelled out, those of colours too. */
export function escapeBytes(bytes: Uint8Array): string {
  return escapeUnsafe(decode(bytes));
}
