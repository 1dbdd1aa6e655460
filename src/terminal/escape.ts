/** Untrusted text on a terminal: everything that could act on it or hide in it is spelled out. */

/** Acts on the screen or hides: C0 but tab and newline, DEL, C1, and the invisible and direction-changing characters. */
const unsafe =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;

/** A character that acts or hides, as text. */
export function spell(char: string): string {
  const point = char.codePointAt(0) ?? 0;
  return point < 0x100 ? `\\x${point.toString(16).padStart(2, '0')}` : `\\u{${point.toString(16)}}`;
}

/** For names, reasons and other words of others: one line, no colours. */
export function escapeText(text: string): string {
  return text.replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll(unsafe, spell);
}

/** Line feeds and tabs pass, everything else that acts or hides is spelled out. */
export function escapeUnsafe(text: string): string {
  return text.replaceAll(unsafe, spell);
}

/** Splits off a UTF-8 sequence that the end of a chunk cut in two: at most three bytes. */
export function splitIncomplete(bytes: Buffer): [Buffer, Buffer] {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back
      ? [bytes.subarray(0, bytes.length - back), bytes.subarray(bytes.length - back)]
      : [bytes, Buffer.alloc(0)];
  }
  return [bytes, Buffer.alloc(0)];
}

/** Bytes that are no UTF-8 become U+FFFD in decoding: they are found by encoding back. */
export function decode(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!text.includes('\ufffd')) return text;
  let out = '';
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0;
    const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    const piece = bytes.subarray(at, at + length);
    const char = piece.toString('utf8');
    const whole = Buffer.byteLength(char) === piece.length && Buffer.from(char).equals(piece);
    out += whole ? char : `\\x${lead.toString(16).padStart(2, '0')}`;
    at += whole ? length : 1;
  }
  return out;
}

/** For readers that see no screen: tabs and line feeds pass, everything else that acts or hides is spelled out, colours too. */
export function escapeBytes(bytes: Uint8Array): string {
  return escapeUnsafe(decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
}
