/** Renders untrusted text as a JSON string: one line, in quotes, without characters that act on a terminal. */
import { shorten } from './cut-text.ts';
import { unsafeCharacters } from './escape.ts';

const unsafe = new RegExp(unsafeCharacters, 'gu');

/** A character as JSON spells it: one or two code units. */
export function spellUnits(char: string): string {
  let out = '';
  for (let at = 0; at < char.length; at++) out += `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return out;
}

/** JSON with unsafe characters escaped, and all others of Unicode's group C. Keeps the line feeds of its layout. */
export function renderSafeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent)
    .replaceAll(/[^\n\P{C}]/gu, spellUnits)
    .replaceAll(unsafe, spellUnits);
}

/** The first 80 characters of the user's input, for a message. Keeps letters of all languages. */
export function quote(text: string): string {
  return JSON.stringify(shorten(text, 80)).replaceAll(unsafe, spellUnits);
}
