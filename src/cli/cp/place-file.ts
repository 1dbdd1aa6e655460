/** A finished file gets its name here, as `cp` would give it: whole, or not at all. */
import { constants, type Stats } from 'node:fs';
import { access, chmod, chown, lstat, realpath, rename, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describeFileError } from '../../config/describe-file-error.ts';
import { decode } from '../../text/utf8.ts';

export interface Attributes {
  /** Permission bits, as the remote says. */
  mode: number;
  /** Seconds since 1970; undefined where the remote does not say. */
  time: number | undefined;
}

export interface Placing extends Attributes {
  /** Mode and time exactly; else the umask applies, and an existing file keeps its mode. */
  preserve: boolean;
  /** What to do where a symbolic link has the name: `named` follows it, the user typed that path; `inside` only within its folder; `never`. */
  links: 'named' | 'inside' | 'never';
}

/** Why one file was not copied, in words that name it. */
export class NotPlaced extends Error {}

/** In latin1 nothing of a name is lost: all that is done here with such a text is to take it apart. */
const bytesOf = (path: string): Buffer => Buffer.from(path, 'latin1');

/** No program of the remote gets the rights of the user here: setuid and setgid bits are dropped. */
export function allowedMode(mode: number, preserve: boolean): number {
  return mode & 0o777 & (preserve ? 0o777 : ~process.umask());
}

/** Node takes a negative number for the time of now, a date before 1970 as it is. */
export function timeOf(seconds: number): number | Date {
  return seconds < 0 ? new Date(seconds * 1000) : seconds;
}

async function follow(target: Buffer, links: Placing['links']): Promise<Buffer> {
  const folder = bytesOf(dirname(target.toString('latin1')));
  let real: Buffer;
  try {
    real = await realpath(target, { encoding: 'buffer' });
  } catch (error) {
    throw new NotPlaced(`${decode(target)}: a symbolic link to nowhere: ${describeFileError(error)}`);
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

/** What a file at `target` would be refused for, found before anything is transferred or changed. Returns where it will be. */
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
