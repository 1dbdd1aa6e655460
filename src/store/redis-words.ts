/** What is said to Redis, and how it gets into the connection: as few and as plain writes as can be. */
import { isUtf8 } from 'node:buffer';

export type Word = string | Uint8Array | number;

/** Of bytes: up to this many are sent as text, where they are text. */
const shortBytes = 4_096;

/**
 * ioredis takes bytes as a Buffer only: the same memory, not a copy. One Buffer among the words makes it assemble all of them as such, which
 * costs several times as much as a few letters do.
 */
export function toArgument(word: Word): string | Buffer | number {
  if (!(word instanceof Uint8Array)) return word;
  const bytes = Buffer.isBuffer(word) ? word : Buffer.from(word.buffer, word.byteOffset, word.byteLength);
  return bytes.byteLength <= shortBytes && isUtf8(bytes) ? bytes.toString() : bytes;
}
