/** Creates random ids, also over plain HTTP, where `crypto.randomUUID()` is missing. */
import { hexByte } from '../text/hex-byte.ts';

/** 128 random bits in hexadecimal digits. */
export function makeRandomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, hexByte).join('');
}
