/** Random ids, also where the page was loaded over plain HTTP: `crypto.randomUUID()` is missing there. */
import { hexByte } from '../text/hex-byte.ts';

/** 128 random bits in hexadecimal digits. */
export function makeRandomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, hexByte).join('');
}
