/** Truncates bytes without leaving half a character or half a key at the end. */
import { keyLength } from '../protocol/keys.ts';

/** Returns at most `maxBytes`. If the limit splits a character, or a run of hex digits that may be a key, drops its first half too. */
export function cutBytes(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes.byteLength <= maxBytes) return bytes;
  const isHex = (at: number): boolean => /[0-9a-f]/i.test(String.fromCodePoint(bytes[at] ?? 0));
  const isInside = (at: number): boolean => ((bytes[at] ?? 0) & 0xc0) === 0x80;
  const isCutHere = isHex(maxBytes) ? (at: number) => isHex(at - 1) : isInside;
  let cut = maxBytes;
  while (cut > 0 && maxBytes - cut < keyLength && isCutHere(cut)) cut--;
  return bytes.subarray(0, cut);
}
