/**
 * The cache file of compiled code: a line of JSON, `[[name, length], …]`, then the code of each name, then the same bytes again.
 * V8 does not validate cached code, and a damaged byte would crash it: the file is used only if no other user can have written it
 * and its halves are equal. A checksum would cost 2 ms, which is the time to load node:zlib.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export type CompiledCode = ReadonlyMap<string, Buffer>;

/** Ends the names of the cache files. Another program may use the same folder. */
const suffix = '.compiled';

const isOurs = (name: string): boolean => /\.compiled(?:\.\d+-\d+)?$/.test(name);

/** Cache files of other versions are removed at this age. A version that is still in use writes its file again. */
const keptMs = 30 * 24 * 3_600_000;

/** False on systems without file owners. */
const isOwn = ({ uid, mode }: Stats): boolean => uid === process.geteuid?.() && (mode & 0o022) === 0;

function isSafe(folder: string): boolean {
  const stats = lstatSync(folder);
  return stats.isDirectory() && isOwn(stats);
}

function read(folder: string, name: string): Buffer {
  if (!isSafe(folder)) return Buffer.alloc(0);
  const file = openSync(join(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    return stats.isFile() && isOwn(stats) ? readFileSync(file) : Buffer.alloc(0);
  } finally {
    closeSync(file);
  }
}

/** Throws, or returns an empty map, if there is no usable file. */
export function readCompiledCode(folder: string, name: string): CompiledCode {
  const both = read(folder, name + suffix);
  const bytes = both.subarray(0, both.length / 2);
  if (!bytes.equals(both.subarray(bytes.length))) return new Map();
  const end = bytes.indexOf('\n');
  const parts = end < 0 ? [] : (JSON.parse(bytes.toString('latin1', 0, end)) as [string, number][]);
  let at = end + 1;
  const found = parts.map(([part, length]): [string, Buffer] => {
    at += length;
    return [part, bytes.subarray(at - length, at)];
  });
  return new Map(at === bytes.length ? found : []);
}

/** Creates it only below a folder that this user owns: root must not create one in the home of another user. */
function makeFolder(folder: string): boolean {
  const missing: string[] = [];
  let parent = folder;
  for (; !statSync(parent, { throwIfNoEntry: false }); parent = dirname(parent)) missing.unshift(parent);
  if (statSync(parent).uid !== process.geteuid?.()) return false;
  // With `recursive`, mkdir retries endlessly in a folder that accepts no new one, such as /proc.
  for (const path of missing) {
    try {
      mkdirSync(path, 0o700);
    } catch (error) {
      // Another process may have created it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return isSafe(folder);
}

function removeOld(folder: string): void {
  for (const name of readdirSync(folder).filter(isOurs)) {
    const path = join(folder, name);
    if (statSync(path).mtimeMs < Date.now() - keptMs) rmSync(path);
  }
}

/** Replaces the file atomically. Throws if that fails. */
export function writeCompiledCode(folder: string, name: string, code: CompiledCode): void {
  if (!makeFolder(folder)) return;
  const line = JSON.stringify([...code].map(([part, bytes]) => [part, bytes.length]));
  // V8 uses code in place if its offset is a multiple of 8, else it copies the code.
  const head = Buffer.from(`${line.padEnd(Math.ceil((line.length + 1) / 8) * 8 - 1)}\n`, 'latin1');
  const path = join(folder, name + suffix);
  const temporary = `${path}.${process.pid}-${process.hrtime()[1]}`;
  const file = openSync(temporary, 'wx', 0o600);
  try {
    const half = [head, ...code.values()];
    const bytes = Buffer.concat([...half, ...half]);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  } catch (error) {
    rmSync(temporary);
    throw error;
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  removeOld(folder);
}
