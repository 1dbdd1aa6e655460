/** Ways in which storage fails under a relay that runs, and back again. */
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

/** Of the pages that are left a large write takes all, and is told so: a short write. */
export function fillUp(disk: SmallDisk, pagesLeft: number): Fault {
  return { begin: () => disk.fill(pagesLeft), end: () => disk.free() };
}

export const canLimit = spawnSync('prlimit', ['--fsize'], { stdio: 'ignore' }).status === 0;

/** What `ulimit -f` sets: a write goes as far as the limit, and the next one fails with EFBIG. Node ignores SIGXFSZ. */
export function limitFiles(bytes: number): Fault {
  const set = (pid: number, soft: string) => run('prlimit', ['--pid', String(pid), `--fsize=${soft}:`]);
  return {
    begin: async ({ pid }) => void (await set(pid, String(bytes))),
    end: async ({ pid }) => void (await set(pid, 'unlimited')),
  };
}

/** Of root, who needs no permission, a mount takes it: nothing in the folder can be made, changed or removed. */
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

/** All that a store has in it, and what it may make next: strace has to be told each path. */
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

/** System calls of a relay that fail as on a broken disk, with the paths that they are about; without any: all of them. */
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
        await withDeadline(strace.exited, 10_000, 'strace lets go of the relay');
      };
      onTestFinished(async () => void (await detach()));
      await eventually('strace holds the relay', 10_000, () => {
        if (!strace.isRunning()) throw new Error(strace.stderr());
        return strace.stderr().includes('attached');
      });
    },
    end: async () => void (await detach()),
  };
}

/** Each write to a file of the store; sockets and pipes, which are written by the same calls, go on. */
export function failWrites(store: string, error: string): Fault {
  return failCalls('write,pwrite64,writev,pwritev', error, () => listPaths(store));
}

/** What was written is there, and may not outlive a power cut. */
export function failSyncs(error: string): Fault {
  return failCalls('fsync,fdatasync', error, async () => []);
}
