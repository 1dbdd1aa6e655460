/** The beginning of bytes that are too many, without half a character or half a key at its end. */
import { keyLength } from '../protocol/keys.ts';

/** At most so many bytes. Of a character, or of a run of hex digits that may be a key, the first half is left out as well. */
export function cutBytes(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes.byteLength <= maxBytes) return bytes;
  const isHex = (at: number): boolean => /[0-9a-f]/i.test(String.fromCodePoint(bytes[at] ?? 0));
  const isInside = (at: number): boolean => ((bytes[at] ?? 0) & 0xc0) === 0x80;
  const isCutHere = isHex(maxBytes) ? (at: number) => isHex(at - 1) : isInside;
  let cut = maxBytes;
  while (cut > 0 && maxBytes - cut < keyLength && isCutHere(cut)) cut--;
  return bytes.subarray(0, cut);
}
