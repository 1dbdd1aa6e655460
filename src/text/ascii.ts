/** Renders text and values as JSON in printable ASCII, for lines that programs read. */
import { cutChars } from './cut-text.ts';
import { spellUnits } from './quote.ts';

/** Escapes all other characters of JSON text. */
export function toAscii(json: string): string {
  return json.replaceAll(/[^\x20-\x7e]/g, spellUnits);
}

/** A JSON string in printable ASCII, for lines that programs read. */
export function quoteAscii(text: string): string {
  return toAscii(JSON.stringify(text));
}

/** For messages: a value as JSON in ASCII, truncated after `maxChars` characters. */
export function quoteValue(value: unknown, maxChars = 80): string {
  const json = JSON.stringify(value) ?? 'undefined';
  return json.length > maxChars ? `${toAscii(cutChars(json, maxChars))}…` : toAscii(json);
}
