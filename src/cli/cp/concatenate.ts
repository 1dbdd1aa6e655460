/** Reads the files of an upload as one stream from any offset, and hashes it. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import type { Entry } from './list-sources.ts';
import { decode } from '../../text/utf8.ts';

const pieceBytes = 1024 * 1024;

type FileEntry = Extract<Entry, { kind: 'file' }>;

export function filesOf(entries: readonly Entry[]): FileEntry[] {
  return entries.filter((entry): entry is FileEntry => entry.kind === 'file');
}

export function totalOf(entries: readonly Entry[]): number {
  return filesOf(entries).reduce((sum, { size }) => sum + size, 0);
}

function changed({ path }: FileEntry): Failure {
  return new Failure(
    `${decode(path)} changed while it was read`,
    'run the same command again',
    exitCodes.fileTrouble,
    'file',
  );
}

/** Yields exactly the listed size: a file that grew is truncated to it, a file that shrank is an error. */
async function* readPart(entry: FileEntry, from: number): AsyncGenerator<Buffer> {
  const file = await open(entry.path, 'r');
  try {
    const read = async (at: number): Promise<Buffer> => {
      const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, entry.size - at));
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, at);
      if (bytesRead === 0) throw changed(entry);
      return buffer.subarray(0, bytesRead);
    };
    // The next piece is read while the last one is hashed or sent.
    let reading: Promise<Buffer> | undefined;
    for (let at = from; at < entry.size; ) {
      const piece = await (reading ?? read(at));
      at += piece.byteLength;
      reading = at < entry.size ? read(at) : undefined;
      reading?.catch(() => undefined);
      yield piece;
    }
  } finally {
    await file.close();
  }
}

export async function* readFrom(entries: readonly Entry[], offset: number): AsyncGenerator<Buffer> {
  let begin = 0;
  for (const entry of filesOf(entries)) {
    const from = Math.max(0, offset - begin);
    if (from < entry.size) yield* readPart(entry, from);
    begin += entry.size;
  }
}

/** SHA-256 of the first `bytes` of the stream, in hex. */
export async function hashStart(entries: readonly Entry[], bytes: number): Promise<string> {
  const hash = createHash('sha256');
  let left = bytes;
  for await (const piece of readFrom(entries, 0)) {
    if (left <= 0) break;
    hash.update(piece.subarray(0, left));
    left -= piece.byteLength;
  }
  return hash.digest('hex');
}

export interface Hashes {
  all: string;
  /** One for each file, in order; empty unless requested. */
  each: string[];
}

export async function hashAll(entries: readonly Entry[], wantsEach: boolean): Promise<Hashes> {
  const all = createHash('sha256');
  const each: string[] = [];
  for (const entry of filesOf(entries)) {
    const own = wantsEach ? createHash('sha256') : undefined;
    for await (const piece of readPart(entry, 0)) {
      all.update(piece);
      own?.update(piece);
    }
    if (own) each.push(own.digest('hex'));
  }
  return { all: all.digest('hex'), each };
}
