/**
 * File system calls that run synchronously while the disk is fast: through Node's thread pool a small call costs several times as much.
 * After a slow call, the following ones go through the pool for a while, so that a busy disk does not block unrelated requests.
 */
import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { errorCode } from './error-code.ts';

/** A synchronous call that takes longer than this counts as slow. */
const slowMs = 5;

/** The pool is used for this many times the duration of the slow call: so the disk blocks this thread for at most a tenth of the time. */
const restFactor = 10;

/** Larger writes always go through the pool. */
const maxQuickBytes = 256 * 1024;

let slowUntil = 0;

const pool = {
  open: promisify(fs.open),
  write: promisify(fs.write) as unknown as (
    file: number,
    bytes: Uint8Array,
    from: number,
    length: number,
    at: number,
  ) => Promise<{ bytesWritten: number }>,
  close: promisify(fs.close),
  mkdir: promisify(fs.mkdir),
  readdir: promisify(fs.readdir) as (path: string) => Promise<string[]>,
  unlink: promisify(fs.unlink),
  rmdir: promisify(fs.rmdir),
  rename: promisify(fs.rename),
  ftruncate: promisify(fs.ftruncate),
};

function choose<T>(quick: () => T | Promise<T>, slow: () => Promise<T>): T | Promise<T> {
  const began = performance.now();
  if (began < slowUntil) return slow();
  try {
    return quick();
  } finally {
    noteDuration(began);
  }
}

function noteDuration(began: number): void {
  const ended = performance.now();
  if (ended - began > slowMs) slowUntil = ended + (ended - began) * restFactor;
}

export interface QuickWrite {
  readonly flags: OpenFlags;
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** Truncate the file after the bytes. */
  readonly isCut: boolean;
}

/**
 * Opens a file, writes at an offset and closes it, all synchronously. Returns false if the caller has to use the separate calls instead:
 * then nothing, or only a part, was written.
 */
export function writeAtOnce(path: string, { flags, offset, bytes, isCut }: QuickWrite): boolean {
  const began = performance.now();
  if (began < slowUntil || bytes.byteLength > maxQuickBytes) return false;
  try {
    const file = fs.openSync(path, openFlags[flags] | fs.constants.O_NONBLOCK, fileMode);
    try {
      if (fs.writeSync(file, bytes, 0, bytes.byteLength, offset) < bytes.byteLength) return false;
      if (isCut) fs.ftruncateSync(file, offset + bytes.byteLength);
    } finally {
      fs.closeSync(file);
    }
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENXIO') return false;
    throw error;
  } finally {
    noteDuration(began);
  }
}

/** Sends the next calls through the pool. For tests of both ways. */
export function restFromQuickCalls(ms: number): void {
  slowUntil = performance.now() + ms;
}

/** Names for the flags of open(2). No O_TRUNC: truncating frees disk space, which costs more than writing over the old bytes. */
const openFlags = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_WRONLY,
  writeOrCreate: fs.constants.O_WRONLY | fs.constants.O_CREAT,
  readOrCreate: fs.constants.O_RDWR | fs.constants.O_CREAT,
} as const;

export type OpenFlags = keyof typeof openFlags;

/** New files are for this user only. */
const fileMode = 0o600;

export function openFile(path: string, flags: OpenFlags): number | Promise<number> {
  const slow = (): Promise<number> => pool.open(path, openFlags[flags], fileMode);
  return choose<number>(() => {
    try {
      // O_NONBLOCK: opening a fifo must not block this thread until its other end is opened.
      return fs.openSync(path, openFlags[flags] | fs.constants.O_NONBLOCK, fileMode);
    } catch (error) {
      if (errorCode(error) === 'ENXIO') return slow();
      throw error;
    }
  }, slow);
}

/** Writes the bytes after `from` at offset `at`. Returns how many were written. */
export function writeBytes(
  file: number,
  bytes: Uint8Array,
  from: number,
  at: number,
): number | Promise<number> {
  const length = bytes.byteLength - from;
  const slow = async (): Promise<number> => (await pool.write(file, bytes, from, length, at)).bytesWritten;
  return length > maxQuickBytes ? slow() : choose(() => fs.writeSync(file, bytes, from, length, at), slow);
}

export function closeFile(file: number): void | Promise<void> {
  return choose(
    () => fs.closeSync(file),
    () => pool.close(file),
  );
}

/** Accessible to this user only. */
export function createFolder(path: string): void | Promise<void> {
  const mode = 0o700;
  return choose(
    () => fs.mkdirSync(path, mode),
    () => pool.mkdir(path, mode) as Promise<undefined>,
  );
}

export function listFolder(path: string): string[] | Promise<string[]> {
  return choose(
    () => fs.readdirSync(path),
    () => pool.readdir(path),
  );
}

export function removeFile(path: string): void | Promise<void> {
  return choose(
    () => fs.unlinkSync(path),
    () => pool.unlink(path),
  );
}

/** Fails if a folder of that name exists and is not empty. */
export function renameFolder(path: string, to: string): void | Promise<void> {
  return choose(
    () => fs.renameSync(path, to),
    () => pool.rename(path, to),
  );
}

/** Truncates an open file to this many bytes. */
export function truncateFile(file: number, bytes: number): void | Promise<void> {
  return choose(
    () => fs.ftruncateSync(file, bytes),
    () => pool.ftruncate(file, bytes),
  );
}

/** Fails if the folder is not empty. */
export function removeFolder(path: string): void | Promise<void> {
  return choose(
    () => fs.rmdirSync(path),
    () => pool.rmdir(path),
  );
}
