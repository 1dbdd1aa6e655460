import { closeSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFile, mebi, writeSeededFile } from '../cp/seeded-file.ts';
import { withDeadline } from '../harness/deadline.ts';
import type { Bench, Group } from './kit/group.ts';
import { spawnOwn } from './kit/own-process.ts';
import { PeakWatch, readPeakKib, readRssKib, resetPeak } from './kit/processes.ts';
import { type BenchRemote, noSsh, startBenchRemote } from './kit/remote.ts';
import { alternate, type Side } from './kit/series.ts';

/** The relay's resident memory before the first transfer. */
let idleKib = 0;

type Transfer = {
  words: readonly string[];
  env: Record<string, string>;
  /** A file for its stdin. */
  input?: string;
};

/** Runs a transfer. Resolves with the number of bytes that it printed, their start as text, and its peak memory. */
async function run({
  words,
  env,
  input,
}: Transfer): Promise<{ bytes: number; text: string; peakMib: number }> {
  const file = input === undefined ? undefined : openSync(input, 'r');
  const { child, closed, kill } = spawnOwn(words, env, [file ?? 'ignore', 'pipe', 'inherit']);
  const watch = new PeakWatch([child.pid ?? -1]);
  let bytes = 0;
  let text = '';
  child.stdout?.on('data', (piece: Buffer) => {
    bytes += piece.byteLength;
    if (text.length < 100) text += piece.subarray(0, 100).toString('latin1');
  });
  try {
    const status = await withDeadline(closed, 300_000, words.slice(0, 4).join(' '));
    if (status !== 0) throw new Error(`${words.slice(0, 4).join(' ')} failed with ${status}`);
    return { bytes, text, peakMib: watch.stop() / 1024 };
  } finally {
    watch.stop();
    kill();
    if (file !== undefined) closeSync(file);
  }
}

/** A transfer. `check` is not timed and throws if the wrong bytes arrived. */
type Work = () => Promise<{ peakMib: number; check: () => Promise<void> }>;

/** MiB per second, and peak memory of the client, of the relay (growth only), and of the largest process of the listener. */
async function measure(
  { relay, listener }: BenchRemote,
  size: number,
  work: Work,
): Promise<Record<string, number>> {
  resetPeak(relay.pid);
  const watch = new PeakWatch((await listener.processes()).map(({ pid }) => pid));
  const began = performance.now();
  try {
    const { peakMib: client, check } = await work();
    const seconds = (performance.now() - began) / 1000;
    const relayGrowth = (readPeakKib(relay.pid) - idleKib) / 1024;
    await check();
    return { rate: size / mebi / seconds, client, relay: relayGrowth, listener: watch.stop() / 1024 };
  } finally {
    watch.stop();
  }
}

type Way = { id: string; name: string; other: string; own: Work; ssh?: Work };

async function listWays({ env, remotify, ssh, folder }: BenchRemote, size: number): Promise<Way[]> {
  const source = join(folder, 'source');
  const target = join(folder, 'target');
  const sha256 = await writeSeededFile(source, size);
  const expectSize = (bytes: number) => async (): Promise<void> => {
    if (bytes !== size) throw new Error(`${bytes} bytes arrived, not ${size}`);
  };
  const out = async (words: readonly string[]) => {
    const { bytes, peakMib } = await run({ words: [...words, `cat '${source}'`], env });
    return { peakMib, check: expectSize(bytes) };
  };
  const into = async (words: readonly string[]) => {
    const { text, peakMib } = await run({ words: [...words, 'wc -c'], env, input: source });
    return { peakMib, check: expectSize(Number(text)) };
  };
  const copy = async (words: readonly string[]) => {
    const { peakMib } = await run({ words, env });
    const check = async (): Promise<void> => {
      if ((await hashFile(target)) !== sha256) throw new Error('the copy differs from the source');
      await rm(target);
    };
    return { peakMib, check };
  };
  const cp = [...remotify, 'cp', '-q'];
  const far = (path: string): string => `127.0.0.1:${path}`;
  const ways: Way[] = [
    { id: 'out', name: 'exec, out of a command', other: 'ssh', own: () => out([...remotify, 'exec']) },
    { id: 'in', name: 'exec, into a command', other: 'ssh', own: () => into([...remotify, 'exec', '-i']) },
    { id: 'cp-up', name: 'cp, up', other: 'scp', own: () => copy([...cp, source, `:${target}`]) },
    { id: 'cp-down', name: 'cp, down', other: 'scp', own: () => copy([...cp, `:${source}`, target]) },
  ];
  if (!ssh) return ways;
  const others: Record<string, Work> = {
    out: () => out(ssh.client),
    in: () => into(ssh.client),
    'cp-up': () => copy([...ssh.copier, source, far(target)]),
    'cp-down': () => copy([...ssh.copier, far(source), target]),
  };
  return ways.map((way) => {
    const other = others[way.id];
    return other ? { ...way, ssh: other } : way;
  });
}

async function compare({ isShort, add, skip }: Bench, remote: BenchRemote, size: number, way: Way) {
  const { id, name, other, own, ssh } = way;
  const sides: Side[] = [
    { name: 'own', measure: () => measure(remote, size, own) },
    ...(ssh ? [{ name: 'ssh', measure: () => measure(remote, size, ssh) }] : []),
  ];
  const { of } = await alternate(sides, isShort ? { rounds: 1 } : { rounds: 5, warmUps: 1 });
  const rate = {
    id: `bulk.${id}`,
    name: `${name}, ${size / mebi} MiB`,
    unit: 'MiB/s',
    values: of('own', 'rate'),
  };
  if (ssh) {
    const base = { name: other, values: of('ssh', 'rate') };
    add({ id: `bulk.${id}.${other}`, name: `${name}: ${other}`, unit: 'MiB/s', values: base.values });
    add({ ...rate, base, goal: { atLeast: 0.5 } });
  } else {
    add(rate);
    skip(`bulk.${id}.${other}`, `${name}: ${other}`, noSsh);
  }
  const unit = 'MiB';
  add({
    id: `bulk.${id}.relay-memory`,
    name: `${name}: growth of the relay’s memory`,
    unit,
    values: of('own', 'relay'),
    goal: { atMost: 32 },
  });
  add({
    id: `bulk.${id}.client-memory`,
    name: `${name}: peak memory of the client`,
    unit,
    values: of('own', 'client'),
    ...(ssh && { base: { name: other, values: of('ssh', 'client') } }),
  });
  add({
    id: `bulk.${id}.listener-memory`,
    name: `${name}: peak memory of the listener’s largest process`,
    unit,
    values: of('own', 'listener'),
  });
}

export const bulk: Group = {
  name: 'bulk',
  title: 'Bulk transfer',
  notes: [
    'Random bytes, the same in each run, on loopback. The received bytes are checked after the timed part.',
    'Growth of the relay’s memory is its peak during the transfer minus its resident memory before the first transfer. Peaks of the client and of the listener’s processes at the start are read every 20 ms from the kernel’s high-water mark.',
  ],
  async run(bench) {
    const remote = await startBenchRemote(bench.ends);
    idleKib = readRssKib(remote.relay.pid);
    const size = (bench.isShort ? 4 : 128) * mebi;
    for (const way of await listWays(remote, size)) {
      bench.say(way.name);
      await compare(bench, remote, size, way);
    }
  },
};
