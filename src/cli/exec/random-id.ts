/** A random id without node:crypto, which takes 2 ms to load. */
import { closeSync, openSync, readSync } from 'node:fs';

/** 128 random bits, as 22 characters of base64url. */
export async function createRandomId(): Promise<string> {
  const bytes = Buffer.alloc(16);
  try {
    const file = openSync('/dev/urandom', 'r');
    try {
      if (readSync(file, bytes) === bytes.length) return bytes.toString('base64url');
    } finally {
      closeSync(file);
    }
  } catch {
    // This system has no such device.
  }
  const { randomUUID } = await import('node:crypto');
  return randomUUID();
}
