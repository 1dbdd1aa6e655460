/** Arguments of Redis commands, converted so that ioredis sends them in few, cheap writes. */
import { isUtf8 } from 'node:buffer';

export type Word = string | Uint8Array | number;

/** Bytes up to this length are sent as text if they are valid UTF-8. */
const shortBytes = 4_096;

/**
 * ioredis accepts bytes only as a Buffer: this one shares the memory, no copy. But one Buffer among the arguments makes ioredis build the
 * whole command from Buffers, which costs several times as much as a short text.
 */
export function toArgument(word: Word): string | Buffer | number {
  if (!(word instanceof Uint8Array)) return word;
  const bytes = Buffer.isBuffer(word) ? word : Buffer.from(word.buffer, word.byteOffset, word.byteLength);
  return bytes.byteLength <= shortBytes && isUtf8(bytes) ? bytes.toString() : bytes;
}
