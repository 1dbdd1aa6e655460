/** The beginning of a text that is too long, without half a character at its end. */

/** At most so many UTF-16 units. A character of two units is left out rather than cut in two. */
export function cutChars(text: string, mostChars: number): string {
  if (text.length <= mostChars) return text;
  const last = text.charCodeAt(mostChars - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? mostChars - 1 : mostChars);
}

/** The same, with … behind it where something is left out. */
export function shorten(text: string, mostChars: number): string {
  return text.length > mostChars ? `${cutChars(text, mostChars)}…` : text;
}
