/** Truncates text without leaving half a character at the end. */

/** Returns at most `maxChars` UTF-16 units. Drops a character of two units rather than split it. */
export function cutChars(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const last = text.charCodeAt(maxChars - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? maxChars - 1 : maxChars);
}

/** The same, with … at the end if text was cut off. */
export function shorten(text: string, maxChars: number): string {
  return text.length > maxChars ? `${cutChars(text, maxChars)}…` : text;
}
