/** Mounts a small disk (tmpfs, needs root) that tests fill up or make read-only. */
import { execFile, execFileSync } from 'node:child_process';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

const run = promisify(execFile);

export const pageBytes = 4096;

/** For `test.skipIf(!canMount)`: without the permission to mount, the tests are reported as skipped. */
export const canMount = ((): boolean => {
  try {
    // In its own mount namespace, so that the mount disappears with the process.
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

export interface SmallDisk {
  path: string;
  /** Fills the disk except for this many pages. */
  fill: (pagesLeft: number) => Promise<void>;
  /** Removes the filler. */
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
      // Runs before the store is closed, as it is registered later.
      onTestFinished(async () => void (await remount('rw')));
    },
    setWritable: async () => void (await remount('rw')),
  };
}
