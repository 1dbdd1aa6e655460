/** Splits the stream of a download without folders into its files: the stream is one file after the other. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import type { CopiedFile } from './cp-options.ts';
import type { RemoteFile } from './remote-file.ts';
import { describeFileError } from '../../config/describe-file-error.ts';
import { NotPlaced, placeFile } from './place-file.ts';
import type { Spool } from './spool.ts';
import type { TreeOptions } from './tree-writer.ts';
import { decode } from '../../text/utf8.ts';

interface Slice {
  spool: Spool;
  offset: number;
  bytes: number;
}

async function copySlice({ spool, offset, bytes }: Slice, path: Buffer): Promise<string> {
  const hash = createHash('sha256');
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  await rm(path, { force: true });
  const file = await open(path, flags, 0o600);
  try {
    for await (const piece of spool.read(offset, bytes)) {
      await file.writeFile(piece);
      hash.update(piece);
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

export async function placeSlices(
  spool: Spool,
  found: readonly RemoteFile[],
  { folder, tops, as, preserve }: TreeOptions,
): Promise<{ files: CopiedFile[]; failures: string[] }> {
  const announced = found.reduce((sum, { size }) => sum + size, 0);
  if (announced !== spool.bytes) {
    throw new Failure(
      `${tops.join(', ')}: the remote sent ${spool.bytes} bytes instead of ${announced}: a source changed while it was read, or the remote lacks a tool`,
      'nothing was written: run the same command again',
      exitCodes.fileTrouble,
      'file',
    );
  }
  const files: CopiedFile[] = [];
  const failures: string[] = [];
  let offset = 0;
  for (const { index, size, mode, time } of found) {
    const name = as === '' ? (tops[index] ?? '') : as;
    const path = Buffer.concat([folder, Buffer.from(`/${name}`)]);
    const temporary = Buffer.concat([spool.path, Buffer.from('.file')]);
    const isWhole = found.length === 1;
    try {
      const sha256 = isWhole ? spool.digest() : await copySlice({ spool, offset, bytes: size }, temporary);
      const links = as === '' ? 'inside' : 'named';
      await placeFile(isWhole ? spool.path : temporary, path, { mode, time, preserve, links });
      files.push({ path: decode(path), bytes: size, sha256 });
    } catch (error) {
      await rm(temporary, { force: true });
      failures.push(
        error instanceof NotPlaced ? error.message : `${decode(path)}: ${describeFileError(error)}`,
      );
    }
    offset += size;
  }
  return { files, failures };
}
