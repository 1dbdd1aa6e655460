/** Reads and writes files; a write is complete or throws. Uses descriptors: for small files a FileHandle costs more than the system calls. */
import { fdatasync, fsync, read } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { closeFile, openFile, type OpenFlags, truncateFile, writeAtOnce, writeBytes } from './quick-calls.ts';
import type { Allocate } from './store.ts';

/** Syncs an open file: its bytes survive a power cut once this resolves. */
export const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);
/** Reads from an open file into a buffer. */
export const readBytes = promisify(read) as unknown as (
  file: number,
  into: Uint8Array,
  from: number,
  length: number,
  at: number,
) => Promise<{ bytesRead: number }>;

/** Opens a file, calls `work` and closes the file. */
export async function withFile<T>(
  path: string,
  flags: OpenFlags,
  work: (file: number) => Promise<T>,
): Promise<T> {
  const file = await openFile(path, flags);
  try {
    return await work(file);
  } finally {
    await closeFile(file);
  }
}

/** Writes all bytes at an offset, or throws: after a short write it continues until all is written or a call fails. */
export async function writeAll(file: number, offset: number, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const written = await writeBytes(file, bytes, done, offset + done);
    if (written === 0) throw Object.assign(new Error('write() wrote 0 bytes'), { code: 'ENOSPC' });
    done += written;
  }
}

export interface WriteOptions {
  readonly flags: OpenFlags;
  readonly isSynced: boolean;
  /** Truncate the file after the bytes. */
  readonly isCut?: boolean;
}

/** Opens a file, writes all bytes at an offset, and closes it. */
export async function writeInto(
  path: string,
  offset: number,
  bytes: Uint8Array,
  { flags, isSynced, isCut = false }: WriteOptions,
): Promise<void> {
  if (!isSynced && writeAtOnce(path, { flags, offset, bytes, isCut })) return;
  await withFile(path, flags, async (file) => {
    await writeAll(file, offset, bytes);
    if (isCut) await truncateFile(file, offset + bytes.byteLength);
    if (isSynced) await syncData(file);
  });
}

/**
 * Writes bytes at an offset; at offset 0 they replace the file. No O_APPEND: the bytes go exactly to the offset, and old bytes after it
 * were never acknowledged, so they are overwritten. `isShort`: the file is known to be no longer than the new bytes.
 */
export function writePiece(
  path: string,
  offset: number,
  bytes: Uint8Array,
  { isSynced = false, isShort = false } = {},
): Promise<void> {
  const isFirst = offset === 0;
  const flags = isFirst ? 'writeOrCreate' : 'write';
  return writeInto(path, offset, bytes, { flags, isSynced, isCut: isFirst && !isShort });
}

/** Reads at most `maxBytes` from an offset; fewer at the end of the file. */
export function readPiece(
  path: string,
  offset: number,
  maxBytes: number,
  allocate: Allocate = (size) => Buffer.allocUnsafe(size),
): Promise<Buffer> {
  return withFile(path, 'read', async (file) => {
    const buffer = allocate(maxBytes);
    const { bytesRead } = await readBytes(file, buffer, 0, maxBytes, offset);
    return buffer.subarray(0, bytesRead);
  });
}

/** A new file name survives a power cut only once its folder is synced too. */
export function syncFolder(path: string): Promise<void> {
  return withFile(path, 'read', (folder) => syncAll(folder));
}

/** Syncs the names of new nested folders: `first` is the outermost, `last` the innermost. */
export async function syncNames(first: string, last: string): Promise<void> {
  for (let folder = resolve(last); folder.length >= first.length; folder = dirname(folder))
    await syncFolder(dirname(folder));
}
