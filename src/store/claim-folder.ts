/** One relay per folder: sessions live in its memory, and a second one would not see them change. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What tells a process from a later one with its number; nothing where the system does not say. Field 22 of proc(5). */
async function readStartTime(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

async function identify(pid: number): Promise<string> {
  return `${pid} ${await readStartTime(pid)}`.trim();
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is a process all the same.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

export class FolderTaken extends Error {}

/** Resolves with the way to let go of it. Throws FolderTaken when a relay that runs has it. */
export async function claimFolder(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'relay.pid');
  const mine = `${await identify(process.pid)}\n`;
  const create = (): Promise<void> => writeFile(path, mine, { mode: 0o600, flag: 'wx' });
  try {
    await create();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    const holder = (await readFile(path, 'utf8').catch(() => '')).trim();
    const pid = /^\d{1,10}(?= |$)/.test(holder) ? Number(holder.split(' ')[0]) : 0;
    // A number without a start time comes from a system that tells none: it is believed.
    const isSame = !holder.includes(' ') || (await identify(pid)) === holder;
    const isHeld = pid > 0 && pid !== process.pid && isRunning(pid) && isSame;
    if (isHeld)
      throw new FolderTaken(`a relay that runs (pid ${pid}) already uses ${directory}`, { cause: error });
    await rm(path, { force: true });
    await create();
  }
  // Left behind it is stale, which the next one sees.
  return async () => {
    const holder = await readFile(path, 'utf8').catch(() => '');
    // Somebody else's by now: theirs to remove.
    if (holder === mine) await rm(path, { force: true }).catch(() => undefined);
  };
}
