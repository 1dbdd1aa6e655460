/** Moves a finished download to its final name, with mode and owner as `cp` would set them: the whole file or nothing. */
import { constants, type Stats } from 'node:fs';
import { access, chmod, chown, lstat, realpath, rename, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describeFileError } from '../../config/describe-file-error.ts';
import { decode } from '../../text/utf8.ts';

export interface Attributes {
  /** The permission bits that the remote reported. */
  mode: number;
  /** Seconds since 1970; undefined where the remote reported no time. */
  time: number | undefined;
}

export interface Placing extends Attributes {
  /** Keeps mode and time exactly; otherwise the umask applies, and an existing file keeps its mode. */
  preserve: boolean;
  /** If the target is a symbolic link: `named` follows it (the user typed that path), `inside` only within its folder, `never` refuses it. */
  links: 'named' | 'inside' | 'never';
}

/** Why one file was not copied. The message names the file. */
export class NotPlaced extends Error {}

/** latin1 keeps every byte of a name. Text in latin1 is only split into parts here. */
const bytesOf = (path: string): Buffer => Buffer.from(path, 'latin1');

/** Drops setuid and setgid bits: no program from the remote may get the rights of the local user. */
export function allowedMode(mode: number, preserve: boolean): number {
  return mode & 0o777 & (preserve ? 0o777 : ~process.umask());
}

/** Node reads a negative number as the current time, but accepts a Date before 1970. */
export function timeOf(seconds: number): number | Date {
  return seconds < 0 ? new Date(seconds * 1000) : seconds;
}

async function follow(target: Buffer, links: Placing['links']): Promise<Buffer> {
  const folder = bytesOf(dirname(target.toString('latin1')));
  let real: Buffer;
  try {
    real = await realpath(target, { encoding: 'buffer' });
  } catch (error) {
    throw new NotPlaced(`${decode(target)}: a broken symbolic link: ${describeFileError(error)}`);
  }
  const within = await realpath(folder, { encoding: 'buffer' });
  const isInside = dirname(real.toString('latin1')) === within.toString('latin1');
  if (links === 'never' || (links === 'inside' && !isInside))
    throw new NotPlaced(`${decode(target)}: a symbolic link is in the way`);
  return real;
}

function checkKind(target: Buffer, found: Stats): void {
  if (found.isDirectory()) throw new NotPlaced(`${decode(target)}: a folder is in the way`);
  if (!found.isFile()) throw new NotPlaced(`${decode(target)}: not a regular file`);
}

async function statOrNothing(path: Buffer): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Throws if a file cannot be placed at `target`, before anything is transferred or changed. Returns the path that it will have. */
export async function checkTarget(target: Buffer, links: Placing['links']): Promise<Buffer> {
  const found = await statOrNothing(target);
  if (!found) return target;
  const real = found.isSymbolicLink() ? await follow(target, links) : target;
  checkKind(target, await stat(real));
  try {
    await access(real, constants.W_OK);
  } catch {
    throw new NotPlaced(`${decode(target)}: permission denied`);
  }
  return real;
}

export async function placeFile(finished: Buffer, target: Buffer, placing: Placing): Promise<void> {
  const { mode, time, preserve, links } = placing;
  try {
    const real = await checkTarget(target, links);
    const existing = await statOrNothing(real);
    if (existing && process.getuid?.() === 0) await chown(finished, existing.uid, existing.gid);
    await chmod(finished, existing && !preserve ? existing.mode & 0o7777 : allowedMode(mode, preserve));
    if (preserve && time !== undefined) await utimes(finished, timeOf(time), timeOf(time));
    await rename(finished, real);
  } catch (error) {
    if (error instanceof NotPlaced) throw error;
    throw new NotPlaced(`${decode(target)}: ${describeFileError(error)}`);
  }
}
