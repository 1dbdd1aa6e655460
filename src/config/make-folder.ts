/** Creates a folder and its missing parents, accessible to this user only. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Does nothing if the folder exists. Throws the system's error if it cannot be created. */
function makeOne(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

/**
 * Throws the system's error if a folder cannot be created. Does not use `recursive: true`: where the kernel answers ENOENT although the
 * parent exists, as it does in /proc, Node's own loop never ends.
 */
export function makeFolder(path: string): void {
  try {
    makeOne(path);
  } catch (error) {
    const parent = dirname(path);
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing || parent === path) throw error;
    makeFolder(parent);
    makeOne(path);
  }
}
