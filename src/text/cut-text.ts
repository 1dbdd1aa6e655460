/** The beginning of a text that is too long, without half a character at its end. */

/** At most so many UTF-16 units. A character of two units is left out rather than cut in two. */
export function cutChars(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const last = text.charCodeAt(maxChars - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? maxChars - 1 : maxChars);
}

/** The same, with … behind it where something is left out. */
export function shorten(text: string, maxChars: number): string {
  return text.length > maxChars ? `${cutChars(text, maxChars)}…` : text;
}
