import { spawnSync } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export const mib = 1024 * 1024;

/** What a folder and all below it take of the disk, in bytes. What is removed meanwhile takes nothing. */
export async function measureFolder(path: string): Promise<number> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) bytes += await measureFolder(inside);
    else
      bytes += await stat(inside).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      );
  }
  return bytes;
}

/** Looks at a folder again and again until it is stopped, and then tells how large it ever was. */
export function watchFolder(path: string): { stop: () => Promise<number> } {
  let isOver = false;
  let most = 0;
  const watching = (async () => {
    while (!isOver) {
      most = Math.max(most, await measureFolder(path));
      await pause(5);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await watching;
      return most;
    },
  };
}

/** Where a tool of this machine is. */
export function findTool(name: string): string {
  const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
  if (!found.startsWith('/')) throw new Error(`${name} is not on PATH`);
  return found;
}
