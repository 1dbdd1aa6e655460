/** Writing that is whole or an error. By descriptor: for small files a FileHandle costs more than the system calls. */
import { close, fdatasync, fsync, ftruncate, open, read, write } from 'node:fs';
import { promisify } from 'node:util';

const openFile = promisify(open);
const closeFile = promisify(close);
/** Of an open file: its bytes outlive a power cut once this resolves. */
export const syncData = promisify(fdatasync);
/** Of an open file: to this many bytes. */
export const truncateFile = promisify(ftruncate);
const syncAll = promisify(fsync);
const writeBytes = promisify(write) as unknown as (
  file: number,
  bytes: Uint8Array,
  from: number,
  length: number,
  at: number,
) => Promise<{ bytesWritten: number }>;
/** Of an open file, into a buffer. */
export const readBytes = promisify(read) as unknown as (
  file: number,
  into: Uint8Array,
  from: number,
  length: number,
  at: number,
) => Promise<{ bytesRead: number }>;

/** Opens, works and closes. New files are for this user only. */
export async function withFile<T>(
  path: string,
  flags: string,
  work: (file: number) => Promise<T>,
): Promise<T> {
  const file = await openFile(path, flags, 0o600);
  try {
    return await work(file);
  } finally {
    await closeFile(file);
  }
}

/** Writes all of it at a place, or throws: a short write is carried on until the reason for it shows. */
export async function writeAll(file: number, offset: number, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const { bytesWritten } = await writeBytes(file, bytes, done, bytes.byteLength - done, offset + done);
    if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
    done += bytesWritten;
  }
}

/**
 * Bytes from an offset on. A new file, at offset 0, is truncated; there is no O_APPEND, as the offset rules: bytes behind it were never
 * acknowledged and are written over.
 */
export function writePiece(
  path: string,
  offset: number,
  bytes: Uint8Array,
  isSynced: boolean,
): Promise<void> {
  return withFile(path, offset === 0 ? 'w' : 'r+', async (file) => {
    await writeAll(file, offset, bytes);
    if (isSynced) await syncData(file);
  });
}

/** At most so many bytes from an offset; fewer at the end of the file. */
export function readPiece(path: string, offset: number, maxBytes: number): Promise<Buffer> {
  return withFile(path, 'r', async (file) => {
    const buffer = Buffer.allocUnsafe(maxBytes);
    const { bytesRead } = await readBytes(file, buffer, 0, maxBytes, offset);
    return buffer.subarray(0, bytesRead);
  });
}

/** A new name outlives a power cut only once its folder is synced too. */
export function syncFolder(path: string): Promise<void> {
  return withFile(path, 'r', (folder) => syncAll(folder));
}
