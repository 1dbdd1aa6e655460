/** Files of random bytes, the same in each run, and their hashes. */
import { createCipheriv, createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { seed } from '../harness/seed.ts';

export const kibi = 1024;
export const mebi = 1024 * kibi;

const pieceBytes = 8 * mebi;

/** A stream cipher over zeros: as fast as the disk, and neither compression nor holes shrink its output. */
function createSource(label: string): (length: number) => Buffer {
  const key = createHash('sha256').update(`${seed} ${label}`).digest();
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return (length) => cipher.update(Buffer.alloc(length));
}

export function makeBytes(length: number, label = 'bytes'): Buffer {
  return createSource(label)(length);
}

/** Writes the file, and resolves with its SHA-256 in hex. */
export async function writeSeededFile(
  path: string | Buffer,
  length: number,
  label = 'file',
): Promise<string> {
  const source = createSource(label);
  const hash = createHash('sha256');
  const file = await open(path, 'w');
  try {
    for (let left = length; left > 0; left -= pieceBytes) {
      const piece = source(Math.min(left, pieceBytes));
      hash.update(piece);
      await file.writeFile(piece);
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

export async function hashFile(path: string | Buffer): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: mebi })) hash.update(piece as Buffer);
  return hash.digest('hex');
}
