import { readFile } from 'node:fs/promises';
import { eventually } from '../harness/deadline.ts';
import type { Listener } from '../harness/listener.ts';
import { sendSignal } from '../harness/process-session.ts';

async function readStat(pid: number): Promise<{ state: string; parent: number }> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [state = 'X', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state, parent: Number(parent) };
}

/** The bash that runs the runner: the `bash` of `curl … | bash`, whose parent is the shell that the line was typed into. */
export async function findRunner({ pid, processes }: Listener): Promise<number> {
  return eventually('the bash of the pasted line runs', 5_000, async () => {
    for (const process of await processes()) {
      if (process.commandLine === 'bash' && (await readStat(process.pid)).parent === pid) return process.pid;
    }
    return null;
  });
}

/** Suspends all processes that the listener started, commands included, until none is running. Returns their ids. */
export async function freeze({ processes }: Listener): Promise<number[]> {
  return eventually('all of the listener is frozen', 5_000, async () => {
    const pids = (await processes()).map(({ pid }) => pid);
    for (const pid of pids) sendSignal(pid, 'SIGSTOP');
    const states = await Promise.all(pids.map(async (pid) => (await readStat(pid)).state));
    // A process that one of them started before it stopped is found in the next round.
    const again = (await processes()).map(({ pid }) => pid);
    return states.every((state) => state === 'T') && again.every((pid) => pids.includes(pid)) ? pids : null;
  });
}

export function thaw(pids: readonly number[]): void {
  for (const pid of pids) sendSignal(pid, 'SIGCONT');
}

/** Kills all processes that the listener started. They are frozen first, so that none can react to the end of another. */
export async function killOutright(listener: Listener): Promise<void> {
  for (const pid of await freeze(listener)) sendSignal(pid, 'SIGKILL');
}

/** Waits for the request that a listener holds open while it is idle, or after the first second of a command: its end shows that it is gone. */
export async function waitForHeldRequest({ processes }: Listener): Promise<void> {
  let last: number | undefined;
  let looks = 0;
  await eventually('a request of the listener is held', 10_000, async () => {
    // This leaves out the curl that waits for the result of the command and is not connected yet.
    const held = /^curl .*\/(?:next|control)\.body /;
    const pid = (await processes()).find(({ commandLine }) => held.test(commandLine))?.pid;
    looks = pid === last ? looks + 1 : 0;
    last = pid;
    // An upload ends before eight looks.
    return pid !== undefined && looks >= 8;
  });
}
