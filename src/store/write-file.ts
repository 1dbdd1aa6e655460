/** Writing that is whole or an error. By descriptor: for small files a FileHandle costs more than the system calls. */
import { fdatasync, fsync, read } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { closeFile, openFile, type OpenFlags, truncateFile, writeAtOnce, writeBytes } from './quick-calls.ts';
import type { Allocate } from './store.ts';

/** Of an open file: its bytes outlive a power cut once this resolves. */
export const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);
/** Of an open file, into a buffer. */
export const readBytes = promisify(read) as unknown as (
  file: number,
  into: Uint8Array,
  from: number,
  length: number,
  at: number,
) => Promise<{ bytesRead: number }>;

/** Opens, works and closes. */
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

/** Writes all of it at a place, or throws: a short write is carried on until the reason for it shows. */
export async function writeAll(file: number, offset: number, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const written = await writeBytes(file, bytes, done, offset + done);
    if (written === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
    done += written;
  }
}

export interface WriteOptions {
  readonly flags: OpenFlags;
  readonly isSynced: boolean;
  /** The file is to end after the bytes. */
  readonly isCut?: boolean;
}

/** Opens, writes all of it at a place, and closes. */
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
 * Bytes from an offset on; at offset 0 they are all that the file has. There is no O_APPEND, as the offset rules: bytes behind it were
 * never acknowledged and are written over. `isShort`: the file is known to be no longer than they are.
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

/** At most so many bytes from an offset; fewer at the end of the file. */
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

/** A new name outlives a power cut only once its folder is synced too. */
export function syncFolder(path: string): Promise<void> {
  return withFile(path, 'read', (folder) => syncAll(folder));
}

/** The names of new folders, from the first of them down to the last. */
export async function syncNames(first: string, last: string): Promise<void> {
  for (let folder = resolve(last); folder.length >= first.length; folder = dirname(folder))
    await syncFolder(dirname(folder));
}
