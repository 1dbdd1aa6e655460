/** Decodes untrusted bytes: handles UTF-8 that is split between two chunks, and bytes that are not UTF-8. */
import { spell } from './escape.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** `\xff` */
const spellByte = (byte: number): string => spell(String.fromCharCode(byte));

/** The length of a character by its first byte. A byte that cannot begin a character has length 1. */
function lengthOf(lead: number): number {
  if (lead < 0xc2 || lead > 0xf4) return 1;
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Splits off an incomplete character at the end of a chunk: at most three bytes. */
export function splitIncomplete(bytes: Uint8Array): [whole: Uint8Array, rest: Uint8Array] {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (isContinuation(byte)) continue;
    if (lengthOf(byte) > back) return [bytes.subarray(0, -back), bytes.subarray(-back)];
    break;
  }
  return [bytes, new Uint8Array()];
}

/** Drops the rest of a character that began before these bytes: at most three bytes. */
export function dropContinuation(bytes: Uint8Array): Uint8Array {
  let count = 0;
  while (count < 3 && isContinuation(bytes[count])) count++;
  return bytes.subarray(count);
}

/** Whether the bytes are U+FFFD itself, which the decoder also returns for bytes that are not UTF-8. */
function isReplacement([first, second, third]: Uint8Array): boolean {
  return first === 0xef && second === 0xbf && third === 0xbd;
}

/** `spellOne` returns the text for a byte that is not UTF-8; by default like `\xff`. */
export function decode(bytes: Uint8Array, spellOne = spellByte): string {
  const text = decoder.decode(bytes);
  if (!text.includes('\ufffd')) return text;
  let out = '';
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0;
    const piece = bytes.subarray(at, at + lengthOf(lead));
    const char = decoder.decode(piece);
    const isWhole = isReplacement(piece) || !char.includes('\ufffd');
    out += isWhole ? char : spellOne(lead);
    at += isWhole ? piece.length : 1;
  }
  return out;
}
