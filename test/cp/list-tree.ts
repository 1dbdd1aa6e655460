/** Lists what is below a folder as lines that a test can compare. Names are bytes, decoded as latin1. */
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';

export type TreeOptions = { mode?: boolean; mtime?: boolean };

const slash = Buffer.from('/');

async function describe(path: Buffer, options: TreeOptions): Promise<string> {
  const stats = await lstat(path);
  const mode = options.mode ? ` ${(stats.mode & 0o7777).toString(8)}` : '';
  const mtime = options.mtime ? ` ${Math.floor(stats.mtimeMs / 1000)}` : '';
  if (stats.isSymbolicLink()) return `-> ${(await readlink(path, 'buffer')).toString('latin1')}`;
  if (stats.isDirectory()) return `folder${mode}${mtime}`;
  if (!stats.isFile()) return `special${mode}`;
  const hash = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
    .slice(0, 16);
  return `${stats.size} bytes ${hash}${mode}${mtime}`;
}

async function walk(folder: Buffer, prefix: Buffer, options: TreeOptions, found: string[]): Promise<void> {
  for (const name of await readdir(folder, { encoding: 'buffer' })) {
    const path = Buffer.concat([folder, slash, name]);
    const relative = Buffer.concat([prefix, name]);
    const words = await describe(path, options);
    found.push(`${relative.toString('latin1')} ${words}`);
    if (words.startsWith('folder')) await walk(path, Buffer.concat([relative, slash]), options, found);
  }
}

/** `NAME 12 bytes HASH`, `NAME folder`, `NAME -> TARGET`, sorted. */
export async function listTree(folder: string, options: TreeOptions = {}): Promise<string[]> {
  const found: string[] = [];
  await walk(Buffer.from(folder), Buffer.alloc(0), options, found);
  return found.toSorted();
}
