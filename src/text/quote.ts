/** Untrusted text as a JSON string: one line, in quotes, with nothing in it that acts on a screen. */
import { unsafeCharacters } from './escape.ts';

const unsafe = new RegExp(unsafeCharacters, 'gu');

/** A character as JSON spells it: one or two code units. */
function spellUnits(char: string): string {
  let out = '';
  for (let at = 0; at < char.length; at++) out += `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return out;
}

/** JSON in printable ASCII. */
export function toAscii(json: string): string {
  return json.replaceAll(/[^\x20-\x7e]/g, spellUnits);
}

/** For messages of this program: a value as JSON in ASCII, cut after so many characters. */
export function quoteValue(value: unknown, mostChars = 80): string {
  const json = JSON.stringify(value) ?? 'undefined';
  return json.length > mostChars ? `${toAscii(json.slice(0, mostChars))}…` : toAscii(json);
}

/** JSON in which unsafe characters are spelled out, and all others of Unicode's group C. Line feeds of its layout stay. */
export function renderSafeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(/[^\n\P{C}]|[\u2028\u2029]/gu, spellUnits);
}

const shownChars = 80;

/** The first 80 characters of what was typed, for a message. Letters of all languages stay. */
export function quote(text: string): string {
  const shown = text.length > shownChars ? `${text.slice(0, shownChars)}…` : text;
  return JSON.stringify(shown).replaceAll(unsafe, spellUnits);
}
