/** Storage faults for a running relay: each can be started and ended. */
import { execFile, spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { spawnCaptured } from '../../harness/captured-process.ts';
import { cleanEnvironment } from '../../harness/clean-environment.ts';
import { eventually, withDeadline } from '../../harness/deadline.ts';
import type { SmallDisk } from '../../store/small-disk.ts';

const run = promisify(execFile);

export interface Fault {
  begin: (relay: { pid: number }) => Promise<void>;
  end: (relay: { pid: number }) => Promise<void>;
}

/** Fills the disk except for some pages: a large write uses all of them and becomes a short write. */
export function fillUp(disk: SmallDisk, pagesLeft: number): Fault {
  return { begin: () => disk.fill(pagesLeft), end: () => disk.free() };
}

export const canLimit = spawnSync('prlimit', ['--fsize'], { stdio: 'ignore' }).status === 0;

/** Sets the file size limit (`ulimit -f`): a write stops at the limit, and the next one fails with EFBIG. Node ignores SIGXFSZ. */
export function limitFiles(bytes: number): Fault {
  const set = (pid: number, soft: string) => run('prlimit', ['--pid', String(pid), `--fsize=${soft}:`]);
  return {
    begin: async ({ pid }) => void (await set(pid, String(bytes))),
    end: async ({ pid }) => void (await set(pid, 'unlimited')),
  };
}

/** Makes a folder read-only by a bind mount, because file permissions do not restrict root. */
export function setReadOnly(folder: string): Fault {
  const end = async (): Promise<void> => void (await run('umount', ['--lazy', folder]));
  return {
    begin: async () => {
      await run('mount', ['--bind', folder, folder]);
      onTestFinished(() => end().catch(() => undefined));
      await run('mount', ['-o', 'remount,bind,ro', folder]);
    },
    end,
  };
}

export const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' }).status === 0;

/** Paths of all files of a store, and of files that it may create next: strace needs each path. */
async function listPaths(store: string): Promise<string[]> {
  const found = await readdir(store, { recursive: true, withFileTypes: true });
  const paths = found.map((entry) => join(entry.parentPath, entry.name));
  const sessions = found.filter(({ name }) => /^[0-9a-f]{64}$/.test(name));
  const parts = ['c1', 'c2'].flatMap((id) =>
    ['script', 'stdin', 'stdout', 'stderr'].map((part) => join(id, part)),
  );
  const next = sessions.flatMap(({ parentPath, name }) => parts.map((part) => join(parentPath, name, part)));
  return [...new Set([...paths, ...paths.map((path) => `${path}.new`), ...next])];
}

/** Makes system calls of a relay fail as on a broken disk: calls for the listed paths, or all of them where the list is empty. */
function failCalls(calls: string, error: string, listOwn: () => Promise<string[]>): Fault {
  let detach = (): Promise<unknown> => Promise.resolve();
  return {
    begin: async ({ pid }) => {
      const paths = (await listOwn()).flatMap((path) => ['-P', path]);
      const how = ['-e', `trace=${calls}`, '-e', `inject=${calls}:error=${error}`];
      const args = ['-f', '-o', '/dev/null', ...how, ...paths, '-p', String(pid)];
      const strace = spawnCaptured('strace', args, { env: cleanEnvironment(tmpdir()) });
      detach = async () => {
        strace.child.kill('SIGINT');
        await withDeadline(strace.exited, 10_000, 'strace detaches from the relay');
      };
      onTestFinished(async () => void (await detach()));
      await eventually('strace is attached to the relay', 10_000, () => {
        if (!strace.isRunning()) throw new Error(strace.stderr());
        return strace.stderr().includes('attached');
      });
    },
    end: async () => void (await detach()),
  };
}

/** Makes each write to a file of the store fail. Sockets and pipes, which use the same system calls, still work. */
export function failWrites(store: string, error: string): Fault {
  return failCalls('write,pwrite64,writev,pwritev', error, () => listPaths(store));
}

/** Makes each fsync fail: written data is readable, but may not survive a power cut. */
export function failSyncs(error: string): Fault {
  return failCalls('fsync,fdatasync', error, async () => []);
}
