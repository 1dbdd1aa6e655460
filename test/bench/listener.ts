import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Listener } from '../harness/listener.ts';
import { readTrace, traceFlags, type Traced } from './kit/forks.ts';
import { median } from './kit/figures.ts';
import type { Bench, Group } from './kit/group.ts';
import { readTreeCpuMs } from './kit/processes.ts';
import { PushClient } from './kit/push-client.ts';
import { makeFolder } from './kit/relays.ts';
import { startBenchRemote } from './kit/remote.ts';

const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' }).status === 0;

/** Time until the listener waits for the next command again. */
const settleMs = 400;

/** A few less than the limit of queued commands. */
const queueLength = 24;

const now = (): number => performance.timeOrigin + performance.now();

async function readCpu(listener: Listener): Promise<number> {
  return readTreeCpuMs((await listener.processes()).map(({ pid }) => pid));
}

/** Pushes one command after the other to a waiting listener; measures each stage in milliseconds. */
async function measureStages({ isShort, add }: Bench, client: PushClient, listener: Listener) {
  const [taken, reported]: [number[], number[]] = [[], []];
  for (let nth = -2; nth < (isShort ? 2 : 40); nth += 1) {
    await pause(settleMs);
    const began = now();
    const id = await client.push('echo $EPOCHREALTIME');
    await client.waitForEnd(id);
    const ended = now();
    const ranAt = Number((await client.readOutput(id)).trim().replace(',', '.')) * 1000;
    if (nth < 0) continue;
    taken.push(ranAt - began);
    reported.push(ended - ranAt);
  }
  const unit = 'ms';
  add({ id: 'listener.take', name: 'push until the command runs', unit, values: taken });
  add({ id: 'listener.report', name: 'command runs until finished', unit, values: reported });
  const cpu: number[] = [];
  const each: number[] = [];
  for (let round = 0; round < (isShort ? 1 : 5); round += 1) {
    await pause(settleMs);
    const before = await readCpu(listener);
    const began = now();
    const ids: string[] = [];
    for (let nth = 0; nth < queueLength; nth += 1) ids.push(await client.push('true'));
    for (const id of ids) await client.waitForEnd(id);
    each.push((now() - began) / queueLength);
    cpu.push(((await readCpu(listener)) - before) / queueLength);
  }
  const queued = `of ${queueLength} queued`;
  add({ id: 'listener.each', name: `each command, ${queued}`, unit, values: each });
  add({ id: 'listener.cpu', name: `CPU of the listener for each, ${queued}`, unit: 'ms CPU', values: cpu });
  const long: number[] = [];
  for (let round = 0; round < (isShort ? 1 : 5); round += 1) {
    await pause(settleMs);
    const before = await readCpu(listener);
    await client.waitForEnd(await client.push('echo first; sleep 2; echo last'));
    await pause(settleMs);
    long.push((await readCpu(listener)) - before);
  }
  add({
    id: 'listener.long.cpu',
    name: 'CPU of the listener for a command of 2 s',
    unit: 'ms CPU',
    values: long,
  });
}

type Pushed = { began: number; ended: number; mark: string };

/** Counts the new processes in each stage of one command. */
function countStages({ forks, execs, exits }: Traced, pushed: Pushed, until: number): Record<string, number> {
  const started = execs.find(({ words }) => words.includes(pushed.mark));
  if (!started) throw new Error(`strace has not seen the start of ${pushed.mark}`);
  const exit = exits.find(({ pid, at }) => pid === started.pid && at >= started.at)?.at ?? started.at;
  const count = (events: readonly { at: number }[], from: number, to: number): number =>
    events.filter(({ at }) => at >= from && at < to).length;
  return {
    take: count(forks, pushed.began, started.at),
    report: count(forks, started.at, Math.max(exit, pushed.ended)),
    again: count(forks, Math.max(exit, pushed.ended), until),
    forks: count(forks, pushed.began, until),
    execs: count(execs, pushed.began, until),
    curls: count(
      execs.filter(({ program }) => program === 'curl'),
      pushed.began,
      until,
    ),
  };
}

const forkRows = {
  forks: 'new processes for one command',
  take: 'of these, until the command runs',
  report: 'of these, from there until it is finished',
  again: 'of these, until the listener waits again',
  execs: 'programs started for one command',
  curls: 'of these, curl',
};

async function countForks(bench: Bench): Promise<void> {
  const { isShort, ends, add, skip } = bench;
  if (!canTrace) {
    for (const [id, name] of Object.entries(forkRows))
      skip(`listener.count.${id}`, name, 'no strace with the permission to trace');
    return;
  }
  const file = join(await makeFolder(ends), 'trace');
  const remote = await startBenchRemote(ends, {
    withSsh: false,
    wrapLine: (line) =>
      `exec strace ${traceFlags.join(' ')} -o '${file}' bash -c '${line.replaceAll("'", `'\\''`)}'`,
  });
  const client = new PushClient(remote);
  ends.add(() => client.close());
  const pushed: Pushed[] = [];
  for (let nth = 0; nth < (isShort ? 3 : 12); nth += 1) {
    // Under strace everything is slow.
    await pause(settleMs * 3);
    const began = now();
    const mark = `BENCH-${nth}`;
    await client.waitForEnd(await client.push(`/bin/echo ${mark}`));
    pushed.push({ began, ended: now(), mark });
  }
  await pause(settleMs * 3);
  const traced = readTrace(file);
  const counts = pushed.map((one, nth) => countStages(traced, one, pushed[nth + 1]?.began ?? now()));
  for (const [figure, name] of Object.entries(forkRows)) {
    // The first command of a listener differs from the later ones.
    const values = counts.slice(1).map((count) => count[figure] ?? 0);
    add({ id: `listener.count.${figure}`, name, unit: '', values });
  }
  bench.say(`${median(counts.map(({ forks = 0 }) => forks))} new processes for one command`);
}

export const listenerGroup: Group = {
  name: 'listener',
  title: 'The listener on the remote',
  notes: [
    'Times are measured without strace, on a waiting listener in auto mode. The command itself prints the time at which it runs. CPU is user and system time of the listener and all its children.',
    'strace counts new processes (successful clone, fork, vfork) and started programs (execve) in a separate run; they include the command itself, `/bin/echo`.',
  ],
  async run(bench) {
    const remote = await startBenchRemote(bench.ends, { withSsh: false });
    const client = new PushClient(remote);
    bench.ends.add(() => client.close());
    await measureStages(bench, client, remote.listener);
    await countForks(bench);
  },
};
