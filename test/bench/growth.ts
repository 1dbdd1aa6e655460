import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Relay } from '../harness/relay-process.ts';
import { median } from './kit/figures.ts';
import { addCommands, addSessions } from './kit/fill.ts';
import type { Bench, Group } from './kit/group.ts';
import { readCpuMs } from './kit/processes.ts';
import { createSession, makeFolder, startUnlimited } from './kit/relays.ts';
import { alternate, type Measured } from './kit/series.ts';
import { type Keys, SessionDriver } from './kit/session-driver.ts';

const stores = ['memory', 'file'] as const;
type Store = (typeof stores)[number];

const tripsPerBlock = 40;

/** Round trips until the relay's code is compiled; needed because few round trips are measured. */
const warmUpTrips = 600;

async function repeatTrips(driver: SessionDriver, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let trip = 0; trip < count; trip += 1) {
    const began = performance.now();
    await driver.roundTrip();
    times.push(performance.now() - began);
  }
  return times;
}

async function measureBlock(relay: Relay, driver: SessionDriver, trips: number) {
  const before = readCpuMs(relay.pid);
  const times = await repeatTrips(driver, trips);
  return { latency: median(times), cpu: (readCpuMs(relay.pid) - before) / trips };
}

function addPair({ add }: Bench, measured: Measured, id: string, name: string): void {
  add({
    id,
    name: `${name}: latency of a round trip`,
    unit: 'ms',
    values: measured.of('many', 'latency'),
    base: { name: 'a fresh relay', values: measured.of('few', 'latency') },
  });
}

const startStore = ({ ends }: Bench, store: Store): Promise<Relay> =>
  startUnlimited(ends, store === 'memory' ? 'memory:' : undefined);

async function measureSessions(bench: Bench, store: Store): Promise<void> {
  const { isShort, ends } = bench;
  const [many, few] = [await startStore(bench, store), await startStore(bench, store)];
  const open = async (relay: Relay): Promise<SessionDriver> => {
    const driver = new SessionDriver(relay.url, await createSession(relay));
    ends.add(() => driver.close());
    await repeatTrips(driver, isShort ? 20 : warmUpTrips);
    return driver;
  };
  const [measured, alone] = [await open(many), await open(few)];
  let have = 1;
  for (const count of isShort ? [500] : [1_000, 10_000, 50_000]) {
    bench.say(`${store}, ${count} sessions`);
    await addSessions(many, count - have);
    have = count;
    const result = await alternate(
      [
        { name: 'many', measure: () => measureBlock(many, measured, tripsPerBlock) },
        { name: 'few', measure: () => measureBlock(few, alone, tripsPerBlock) },
      ],
      { rounds: isShort ? 1 : 15, warmUps: 1 },
    );
    const id = `growth.sessions.${count}.${store}`;
    addPair(bench, result, id, `${count.toLocaleString('en')} sessions, ${store}`);
  }
}

async function measureHistory(bench: Bench, store: Store): Promise<void> {
  const { isShort } = bench;
  const [many, few] = [await startStore(bench, store), await startStore(bench, store)];
  for (const relay of [many, few]) {
    const driver = new SessionDriver(relay.url, await createSession(relay));
    await repeatTrips(driver, isShort ? 20 : warmUpTrips);
    await driver.close();
  }
  /** Each measurement has a new driver, because its round trips add to the history of the next ones. */
  const measure = async (relay: Relay, keys: Keys) => {
    const driver = new SessionDriver(relay.url, keys, { namesCommands: true });
    await driver.roundTrip();
    const figures = await measureBlock(relay, driver, tripsPerBlock / 2);
    await driver.close();
    return figures;
  };
  for (const count of isShort ? [20] : [100, 10_000]) {
    bench.say(`${store}, ${count} commands`);
    const kept = await createSession(many);
    await addCommands(many, kept, 0, count);
    const result = await alternate(
      [
        { name: 'many', measure: () => measure(many, kept) },
        { name: 'few', measure: async () => measure(few, await createSession(few)) },
      ],
      { rounds: isShort ? 1 : 15, warmUps: 1 },
    );
    const id = `growth.history.${count}.${store}`;
    const name = `session with ${count.toLocaleString('en')} earlier commands, ${store}`;
    addPair(bench, result, id, name);
  }
}

async function measureJournal(bench: Bench): Promise<void> {
  const { isShort, ends, add } = bench;
  const folder = join(await makeFolder(ends), 'store');
  const relay = await startUnlimited(ends, `file:${folder}`);
  const driver = new SessionDriver(relay.url, await createSession(relay));
  ends.add(() => driver.close());
  const sizes: number[] = [];
  const growths: number[] = [];
  const readSize = async (): Promise<number> => (await stat(join(folder, 'journal'))).size;
  let before = await readSize();
  for (let block = 0; block < (isShort ? 3 : 100); block += 1) {
    await repeatTrips(driver, tripsPerBlock);
    const size = await readSize();
    // Otherwise the journal was rewritten in between.
    if (size > before) growths.push((size - before) / tripsPerBlock);
    sizes.push(size / 1024);
    before = size;
  }
  add({
    id: 'growth.journal.trip',
    name: 'journal bytes per round trip',
    unit: 'B',
    values: growths,
  });
  add({
    id: 'growth.journal.size',
    name: `size of the journal during ${(sizes.length * tripsPerBlock).toLocaleString('en')} round trips of one session`,
    unit: 'KiB',
    values: sizes,
  });
}

export const growth: Group = {
  name: 'growth',
  title: 'Growth',
  notes: [
    'One round trip after the other, in blocks that alternate between the relay with much data and a fresh one of the same kind. A session remembers 100 commands; of older ones it remembers only the Idempotency-Key.',
    'The journal is that of the file store; the relay rewrites it when it is much larger than a snapshot of its content.',
  ],
  async run(bench) {
    for (const store of stores) {
      await measureSessions(bench, store);
      await bench.ends.endAll();
      await measureHistory(bench, store);
      await bench.ends.endAll();
    }
    bench.say('journal');
    await measureJournal(bench);
  },
};
