/** Untrusted text as a JSON string: one line, in quotes, with nothing in it that acts on a screen. */
import { shorten } from './cut-text.ts';
import { unsafeCharacters } from './escape.ts';

const unsafe = new RegExp(unsafeCharacters, 'gu');

/** A character as JSON spells it: one or two code units. */
export function spellUnits(char: string): string {
  let out = '';
  for (let at = 0; at < char.length; at++) out += `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return out;
}

/** JSON in which unsafe characters are spelled out, and all others of Unicode's group C. Line feeds of its layout stay. */
export function renderSafeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent)
    .replaceAll(/[^\n\P{C}]/gu, spellUnits)
    .replaceAll(unsafe, spellUnits);
}

/** The first 80 characters of what was typed, for a message. Letters of all languages stay. */
export function quote(text: string): string {
  return JSON.stringify(shorten(text, 80)).replaceAll(unsafe, spellUnits);
}
