/** Creates a folder and its missing parents, accessible to this user only. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorCode } from './error-code.ts';

/** Resolves with false if the folder exists. Throws the system's error if it cannot be created. */
async function makeOne(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory() !== true) throw error;
    return false;
  }
}

/**
 * Resolves with the absolute path of the first folder that it created, or undefined if it created none. Throws the system's error if a
 * folder cannot be created. Does not use `recursive: true`: where the kernel answers ENOENT although the parent exists, as it does in
 * /proc, Node's own loop never ends.
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  const absolute = resolve(path);
  try {
    return (await makeOne(path)) ? absolute : undefined;
  } catch (error) {
    const parent = dirname(path);
    if (errorCode(error) !== 'ENOENT' || parent === path) throw error;
    const first = await makeFolder(parent);
    const isNew = await makeOne(path);
    return first ?? (isNew ? absolute : undefined);
  }
}
