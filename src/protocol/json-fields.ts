/** Reads fields of untrusted JSON: a field of another type than the expected one counts as absent. Also renders JSON. */
export type Fields = Readonly<Record<string, unknown>>;

export function parseFields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** The object in a JSON text, or undefined for anything else. Never throws. */
export function parseJsonFields(text: string): Fields | undefined {
  try {
    return parseFields(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function readText(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' ? value : undefined;
}

/** Larger than any count, size or time of a relay. Smaller values are exact as numbers, and valid as dates. */
const tooLarge = 1e15;

/** A count, a size in bytes or a time, rounded down; undefined if negative or too large. */
export function readNumber(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === 'number' && value >= 0 && value < tooLarge ? Math.floor(value) : undefined;
}

export function readFlag(fields: Fields, name: string): boolean {
  return fields[name] === true;
}

/** JSON as the relay sends it, indented with two spaces so that grep finds `"ok": true`. */
export function renderJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
