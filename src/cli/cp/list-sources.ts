/** Lists the local files and folders of an upload. Paths are bytes: names need not be UTF-8. */
import { type BigIntStats, constants } from 'node:fs';
import { access, lstat, readdir, readlink, stat } from 'node:fs/promises';
import { baseName } from './places.ts';
import { describeFileError } from '../../config/describe-file-error.ts';
import { decode } from '../../text/utf8.ts';

interface Common {
  /** The local path. */
  path: Buffer;
  /** Its name on the remote, below the target. */
  name: Buffer;
  /** Permission bits. */
  mode: number;
  /** Time of the last change: ISO 8601 with nanoseconds. */
  time: string;
}

export type Entry = Common &
  ({ kind: 'file'; size: number } | { kind: 'folder' } | { kind: 'link'; link: Buffer });

export interface Listed {
  entries: Entry[];
  /** A message for each path that could not be listed. */
  failures: string[];
}

const slash = Buffer.from('/');

function join(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat(folder.at(-1) === 0x2f ? [folder, name] : [folder, slash, name]);
}

function timeOf({ mtimeNs }: BigIntStats): string {
  const seconds = new Date(Number(mtimeNs / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(mtimeNs % 1_000_000_000n).padStart(9, '0')}Z`;
}

async function listOne(path: Buffer, name: Buffer, recursive: boolean, listed: Listed): Promise<void> {
  const { entries, failures } = listed;
  const shown = decode(path);
  try {
    const found = await (recursive ? lstat : stat)(path, { bigint: true });
    const common = { path, name, mode: Number(found.mode & 0o7777n), time: timeOf(found) };
    if (found.isSymbolicLink()) {
      entries.push({ ...common, kind: 'link', link: await readlink(path, { encoding: 'buffer' }) });
    } else if (found.isFile()) {
      await access(path, constants.R_OK);
      entries.push({ ...common, kind: 'file', size: Number(found.size) });
    } else if (!found.isDirectory()) {
      failures.push(`${shown}: not a regular file`);
    } else if (!recursive) {
      failures.push(`${shown}: is a folder: use -r`);
    } else {
      const names = await readdir(path, { encoding: 'buffer' });
      entries.push({ ...common, kind: 'folder' });
      for (const child of names.toSorted((a, b) => Buffer.compare(a, b)))
        await listOne(join(path, child), join(name, child), true, listed);
    }
  } catch (error) {
    failures.push(`${shown}: ${describeFileError(error)}`);
  }
}

export async function listSources(sources: readonly string[], recursive: boolean): Promise<Listed> {
  const listed: Listed = { entries: [], failures: [] };
  const names = new Set<string>();
  for (const source of sources) {
    const name = baseName(source);
    // As with cp: the second source would replace what this command just wrote.
    if (names.has(name) && name !== '.')
      listed.failures.push(`${source}: another source has the name ${name}`);
    else await listOne(Buffer.from(source), Buffer.from(name), recursive, listed);
    names.add(name);
  }
  return listed;
}
