import { readdir, readFile } from 'node:fs/promises';
import { eventually } from './deadline.ts';

/** Sends a signal to a process, or with a negative id to its group. Does nothing if it has ended. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Waits for the end of all processes of a terminal session, and kills those that are left after `graceMs`. Job control puts
 * commands into groups of their own, but they stay in the session that the test created. Linux only; elsewhere does nothing.
 */
export async function endProcessSession(session: number, graceMs: number): Promise<void> {
  const isOver = async () => (await listProcesses(session)).length === 0;
  await eventually('the processes of the session end by themselves', graceMs, isOver).catch(async () => {
    for (const pid of await listProcesses(session)) sendSignal(pid, 'SIGKILL');
  });
}

export type RunningProcess = { pid: number; parent: number; commandLine: string };

/**
 * Lists the processes with this entry (`NAME=VALUE`) in their environment, in any session or group: with a unique TMPDIR, all that a
 * listener started. Linux only; elsewhere none.
 */
export async function listProcessesWith(entry: string): Promise<RunningProcess[]> {
  const found: RunningProcess[] = [];
  for (const pid of await listPids()) {
    // Empty if the process has ended, is a zombie, or belongs to another user.
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (!environment.split('\0').includes(entry)) continue;
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const [, parent] = await readStat(pid);
    found.push({ pid, parent: Number(parent), commandLine: words.split('\0').join(' ').trim() });
  }
  return found;
}

/** The fields of proc(5) after the name in parentheses: state, parent, group, session. Empty if the process has ended. */
async function readStat(pid: number): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

async function listPids(): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Lists the live processes of a group, without zombies. Linux only; elsewhere none. */
export function listGroup(group: number): Promise<number[]> {
  return listWhere((process) => process.group === group);
}

function listProcesses(session: number): Promise<number[]> {
  return listWhere((process) => process.session === session);
}

async function listWhere(
  isMeant: (process: { group: number; session: number }) => boolean,
): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await listPids()) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // proc(5): after the name in parentheses come state, parent, group, session. Z is a zombie.
    const [state, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (isMeant({ group: Number(group), session: Number(session) }) && state !== 'Z') found.push(pid);
  }
  return found;
}
