import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type CapturedProcess, spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { eventually } from '../harness/deadline.ts';
import type { Ends } from './kit/ends.ts';
import { median, quantile } from './kit/figures.ts';
import type { Bench, Group } from './kit/group.ts';
import { readRssKib } from './kit/processes.ts';
import { makeFolder, openDrivers, startUnlimited } from './kit/relays.ts';
import type { SessionDriver } from './kit/session-driver.ts';

const probes = 16;

/** File descriptors of the relay and of the listeners’ process that are not listener connections. */
const otherFiles = 200;

/** Reads the hard limit of open files: Node raises its own limit to it. */
function readMostListeners(): number {
  const limit = execFileSync('bash', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit) - otherFiles;
}

async function startListeners(ends: Ends, port: number, count: number): Promise<CapturedProcess> {
  const script = fileURLToPath(new URL('kit/held-listeners.ts', import.meta.url));
  const listeners = spawnCaptured(
    process.execPath,
    ['--import', 'tsx', script, String(port), String(count)],
    { env: cleanEnvironment(await makeFolder(ends)), stdin: 'open' },
  );
  ends.add(async () => {
    listeners.child.kill('SIGKILL');
    await listeners.exited;
  });
  return listeners;
}

async function waitForWord(listeners: CapturedProcess, word: string): Promise<void> {
  await eventually(`the listeners are ${word}`, 400_000, () => {
    if (!listeners.isRunning()) throw new Error(`the listeners ended: ${listeners.stderr()}`);
    return listeners.stdout().includes(word);
  });
}

/** One round trip after the other: medians of blocks, in milliseconds. */
async function measureLatency(drivers: readonly SessionDriver[], blocks: number, trips: number) {
  const [p50, p99]: [number[], number[]] = [[], []];
  for (let block = 0; block < blocks; block += 1) {
    const times: number[] = [];
    for (let trip = 0; trip < trips; trip += 1) {
      const began = performance.now();
      await drivers[trip % drivers.length]?.roundTrip();
      times.push(performance.now() - began);
    }
    p50.push(median(times));
    p99.push(quantile(times, 0.99));
  }
  return { p50, p99 };
}

async function measureWith({ ends, isShort, add }: Bench, wanted: number, count: number): Promise<void> {
  const relay = await startUnlimited(ends, 'memory:', ['--long-poll', '25s']);
  const drivers = await openDrivers(ends, relay, probes);
  const [blocks, trips] = isShort ? [2, 20] : [6, 250];
  await measureLatency(drivers, 1, isShort ? 20 : 600);
  const idleBefore = await measureLatency(drivers, blocks, trips);
  const before = readRssKib(relay.pid);
  const listeners = await startListeners(ends, relay.port, count);
  await waitForWord(listeners, 'created');
  listeners.child.stdin?.write('\n');
  await waitForWord(listeners, 'held');
  const after = readRssKib(relay.pid);
  const beside = await measureLatency(drivers, blocks * 2, trips);
  listeners.child.stdin?.end();
  await listeners.exited;
  // Time for the relay to close the listeners’ connections.
  await pause(isShort ? 100 : 3_000);
  const idleAfter = await measureLatency(drivers, blocks, trips);
  const id = `held.${wanted}`;
  const fits = count === wanted ? '' : ` (limit of open files; ${wanted.toLocaleString('en')} wanted)`;
  const name = `${count.toLocaleString('en')} listeners${fits}`;
  add({
    id: `${id}.memory`,
    name: `${name}: memory of each`,
    unit: 'KiB',
    values: [(after - before) / count],
    goal: { atMost: 15 },
  });
  const baseOf = (figure: 'p50' | 'p99') => ({
    name: 'idle',
    values: beside[figure].map(() => median([...idleBefore[figure], ...idleAfter[figure]])),
  });
  add({
    id: `${id}.latency`,
    name: `${name}: latency p50 of a round trip meanwhile`,
    unit: 'ms',
    values: beside.p50,
    base: baseOf('p50'),
    goal: { atMost: 2 },
  });
  add({
    id: `${id}.p99`,
    name: `${name}: latency p99 meanwhile`,
    unit: 'ms',
    values: beside.p99,
    base: baseOf('p99'),
    goal: { atMost: 3 },
  });
}

export const held: Group = {
  name: 'held',
  title: 'Held listeners',
  notes: [
    'Each listener is a session with a long poll that the relay holds for up to 25 s, on its own connection; the store is memory. Memory is the growth of the relay’s resident memory per listener, from before the sessions are created until all polls are held.',
    'Latency is of one round trip after the other, of 16 more sessions, in blocks; idle is the same relay before the listeners connected and after they disconnected.',
  ],
  async run(bench) {
    const most = readMostListeners();
    for (const wanted of bench.isShort ? [200] : [1_000, 5_000, 10_000, 20_000]) {
      const count = Math.min(wanted, most);
      bench.say(`${count} listeners`);
      await measureWith(bench, wanted, count);
      await bench.ends.endAll();
    }
  },
};
