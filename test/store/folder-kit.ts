/** Folders of file stores, and what a killed relay leaves of one. */
import { cp, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openFileStore } from '../../src/store/file-store.ts';
import type { Store, StoreOptions } from '../../src/store/store.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

/** A path in a new temporary folder, where nothing is yet. */
export async function makeFolder(): Promise<string> {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  return join(folder.path, 'store');
}

/** Closed at the end of the test. */
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
 * A copy of the folder as it is now, without its locks: what a relay finds that starts after a `kill -9`. The store that uses the folder
 * is not closed, and has no update under way.
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

/** The store as a relay finds it that starts after a `kill -9`. */
export async function openKilled(folder: string, warn?: StoreOptions['warn']): Promise<Store> {
  return open(await copyAsKilled(folder), warn);
}
