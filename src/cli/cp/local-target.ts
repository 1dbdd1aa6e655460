/** Resolves the local target of a download: the folder, and the new name of a single source. */
import { realpath, stat } from 'node:fs/promises';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { describeFileError } from '../../config/describe-file-error.ts';
import { baseName } from './places.ts';

export interface LocalTarget {
  /** An absolute path without symbolic links. */
  folder: Buffer;
  /** '' where the source keeps its name. */
  as: string;
}

function refuse(message: string, hint: string): Failure {
  return new Failure(message, hint, exitCodes.fileTrouble, 'file');
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

async function resolve(path: string): Promise<Buffer> {
  try {
    return await realpath(path, { encoding: 'buffer' });
  } catch (error) {
    throw refuse(`${path}: ${describeFileError(error)}`, `create it first: mkdir -p ${path}`);
  }
}

/** Follows the rules of `cp`: an existing folder receives the sources; only a single source may get another name. */
export async function resolveTarget(
  target: string,
  several: boolean,
  recursive: boolean,
): Promise<LocalTarget> {
  if (await isFolder(target)) return { folder: await resolve(target), as: '' };
  if (several || (target.endsWith('/') && !recursive))
    throw refuse(`${target} is not a folder`, `create it first: mkdir -p ${target}`);
  const trimmed = target.replace(/\/+$/, '');
  const at = trimmed.lastIndexOf('/');
  const parent = at === -1 ? '.' : trimmed.slice(0, at + 1);
  if (!(await isFolder(parent)))
    throw refuse(`${parent}: no such folder`, `create it first: mkdir -p ${parent}`);
  return { folder: await resolve(parent), as: baseName(trimmed) };
}
