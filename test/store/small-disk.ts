/** A disk of a few pages, to be filled up or made read-only: a tmpfs, which takes root to mount. */
import { execFile, execFileSync } from 'node:child_process';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

const run = promisify(execFile);

export const pageBytes = 4096;

/** For `test.skipIf(!canMount)`: elsewhere the tests are reported as skipped, by their names. */
export const canMount = ((): boolean => {
  try {
    // In a mount namespace of its own: nothing stays of it.
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

export interface SmallDisk {
  path: string;
  /** Takes all space but so many pages. */
  fill: (pagesLeft: number) => Promise<void>;
  /** Gives it back. */
  free: () => Promise<void>;
  setReadOnly: () => Promise<void>;
  setWritable: () => Promise<void>;
}

export async function mountSmallDisk(bytes = 32 * pageBytes): Promise<SmallDisk> {
  const folder = await makeTemporaryFolder();
  await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', folder.path]);
  onTestFinished(async () => {
    await run('umount', ['--lazy', folder.path]);
    await folder.remove();
  });
  const filler = join(folder.path, 'filler');
  const remount = (how: 'ro' | 'rw') => run('mount', ['-o', `remount,${how}`, folder.path]);
  return {
    path: folder.path,
    fill: async (pagesLeft) => {
      const { bavail, bsize } = await statfs(folder.path);
      await writeFile(filler, Buffer.alloc(bavail * bsize - pagesLeft * pageBytes, 'x'));
    },
    free: () => rm(filler),
    setReadOnly: async () => {
      await remount('ro');
      // Before the store of the test is closed, which was opened earlier.
      onTestFinished(async () => void (await remount('rw')));
    },
    setWritable: async () => void (await remount('rw')),
  };
}
