/** `relay.pid`, the lock file of older relays, which had no claim sockets: a pid, and the process start time where the system provides it. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './error-code.ts';

function pidFileOf(directory: string): string {
  return join(directory, 'relay.pid');
}

/** The start time (field 22 of proc(5)) tells a process from a later one with the same pid. Empty if the system does not provide it. */
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
    // EPERM: the process exists and belongs to another user.
    return errorCode(error) === 'EPERM';
  }
}

/** The pid of a running relay of the old version. */
export async function findOldRelay(directory: string): Promise<number | undefined> {
  const holder = (await readFile(pidFileOf(directory), 'utf8').catch(() => '')).trim();
  const pid = /^\d{1,10}(?= |$)/.test(holder) ? Number(holder.split(' ')[0]) : 0;
  // A pid without a start time comes from a system that does not provide it: trust the pid alone.
  const isSame = !holder.includes(' ') || (await identify(pid)) === holder;
  return pid > 0 && pid !== process.pid && isRunning(pid) && isSame ? pid : undefined;
}

export async function removeOldPidFile(directory: string): Promise<void> {
  await rm(pidFileOf(directory), { force: true });
}
