/** Opens file stores in temporary folders, and copies of a folder as a killed relay leaves it. */
import { cp, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openFileStore } from '../../src/store/file-store.ts';
import type { Store, StoreOptions } from '../../src/store/store.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

/** A path in a new temporary folder; the store folder does not exist yet. */
export async function makeFolder(): Promise<string> {
  const folder = await forTest(makeTemporaryFolder());
  return join(folder.path, 'store');
}

/** Opens a file store that is closed after the test. */
export async function open(
  folder: string,
  warn: StoreOptions['warn'] = () => undefined,
  options: Omit<StoreOptions, 'warn'> = {},
): Promise<Store> {
  const store = await openFileStore(folder, { warn, ...options });
  onTestFinished(() => store.close());
  return store;
}

/**
 * Copies the folder as it is now, without its locks: the state that a relay finds when it starts after a `kill -9`. The store of the
 * folder is still open, but must not have a running update.
 */
export async function copyAsKilled(folder: string): Promise<string> {
  const copy = await makeFolder();
  const isData = async (path: string): Promise<boolean> => {
    const found = await lstat(path);
    return found.isFile() || found.isDirectory();
  };
  await cp(folder, copy, { recursive: true, filter: isData });
  return copy;
}

/** Opens the store as a relay does that starts after a `kill -9`. */
export async function openKilled(folder: string, warn?: StoreOptions['warn']): Promise<Store> {
  return open(await copyAsKilled(folder), warn);
}
