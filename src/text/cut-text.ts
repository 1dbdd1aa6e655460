/** The beginning of a text that is too long, without half a character or half a key at its end. */

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

const keyLength = 32;

/** At most so many bytes. Of a character, or of a run of hex digits that may be a key, the first half is left out as well. */
export function cutBytes(bytes: Uint8Array, mostBytes: number): Uint8Array {
  if (bytes.byteLength <= mostBytes) return bytes;
  const isHex = (at: number): boolean => /[0-9a-f]/i.test(String.fromCodePoint(bytes[at] ?? 0));
  const isInside = (at: number): boolean => ((bytes[at] ?? 0) & 0xc0) === 0x80;
  const isCutHere = isHex(mostBytes) ? (at: number) => isHex(at - 1) : isInside;
  let cut = mostBytes;
  while (cut > 0 && mostBytes - cut < keyLength && isCutHere(cut)) cut--;
  return bytes.subarray(0, cut);
}
