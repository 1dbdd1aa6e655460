/**
 * What a round trip costs the relay: a push, the listener's `next`, its `finish` and the client's read of the output, on keep-alive
 * connections. `rate`: round trips a second of 16 sessions at once, against a bare node:http that answers the same bytes without
 * work. `sessions` and `commands`: the time of one round trip beside many sessions, and behind many commands of its own session,
 * against a second relay that has neither. Rounds alternate and figures are medians. `tsx test/benchmark/round-trips.ts [PART...]`.
 */
import { readFileSync } from 'node:fs';
import { Pool } from 'undici';
import { withDeadline } from '../harness/deadline.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../harness/temporary-folder.ts';
import { serveBare, startBareServer } from './bare-server.ts';
import { quantile } from './figures.ts';
import { type Answer, type Keys, SessionDriver, type Step } from './session-driver.ts';

const sessionsAtOnce = 16;
const rounds = 5;
const roundMs = 1_500;

const sessionCounts = [1, 1_000, 10_000, 50_000];
const commandCounts = [1, 100, 1_000, 10_000];
const blocks = 12;
const tripsPerBlock = 25;

/** More than a session remembers, so that every later round trip also drops a command. */
const warmUpTrips = 120;

/** Until the code of a relay is compiled, where few round trips are measured. */
const longWarmUpTrips = 600;

/** Requests at once while a relay is filled: fewer than the commands that may be queued. */
const hands = 16;

/** For a machine that is much slower. */
const partMs = 300_000;

const storeKinds = ['memory', 'file'] as const;
type StoreKind = (typeof storeKinds)[number];

let folder: TemporaryFolder;
const relays: Relay[] = [];
let stores = 0;

async function start(kind: StoreKind): Promise<Relay> {
  const store = kind === 'memory' ? 'memory:' : `file:${folder.path}/store-${(stores += 1)}`;
  const flags = ['--rate-limit', 'off', '--max-sessions-per-address', '0'];
  const relay = await startRelay({ store, flags });
  relays.push(relay);
  return relay;
}

async function stopAll(): Promise<void> {
  for (const relay of relays.splice(0)) {
    await relay.kill('SIGKILL');
    await relay.stop();
  }
}

async function createSession({ url }: Relay): Promise<Keys> {
  const answer = await fetch(`${url}/api/session`, { method: 'POST' });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Keys;
}

async function repeat(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const help = async (): Promise<void> => {
    while (next < count) await work((next += 1));
  };
  await Promise.all(Array.from({ length: hands }, help));
}

async function addSessions({ url }: Relay, count: number): Promise<void> {
  const pool = new Pool(url, { connections: hands });
  await repeat(count, async () => {
    const { statusCode, body } = await pool.request({ method: 'POST', path: '/api/session' });
    await body.dump();
    if (statusCode !== 201) throw new Error(`session not created: ${statusCode}`);
  });
  await pool.close();
}

/** Commands that were pushed and cancelled; `from` tells their Idempotency-Keys from earlier ones. */
async function addCommands({ url }: Relay, { key }: Keys, from: number, count: number): Promise<void> {
  const pool = new Pool(url, { connections: hands });
  const authorization = `Bearer ${key}`;
  await repeat(count, async (index) => {
    const pushed = await pool.request({
      method: 'POST',
      path: '/api/session/self/commands',
      headers: { authorization, 'idempotency-key': `fill-${from + index}` },
      body: 'true',
    });
    const { id } = (await pushed.body.json()) as { id: string };
    const path = `/api/session/self/commands/${id}`;
    const { statusCode, body } = await pool.request({ method: 'DELETE', path, headers: { authorization } });
    await body.dump();
    if (statusCode !== 200) throw new Error(`command not cancelled: ${statusCode}`);
  });
  await pool.close();
}

function print(...cells: (string | number)[]): void {
  const [name = '', ...figures] = cells.map(String);
  process.stdout.write(`${name.padEnd(32)}${figures.map((figure) => figure.padStart(12)).join('')}\n`);
}

async function openDrivers(relay: Relay): Promise<SessionDriver[]> {
  const drivers: SessionDriver[] = [];
  for (let nth = 0; nth < sessionsAtOnce; nth += 1)
    drivers.push(new SessionDriver(relay.url, await createSession(relay)));
  await Promise.all(drivers.map((driver) => repeatTrips(driver, warmUpTrips)));
  return drivers;
}

async function repeatTrips(driver: SessionDriver, count: number, times: number[] = []): Promise<void> {
  for (let trip = 0; trip < count; trip += 1) {
    const began = performance.now();
    await driver.roundTrip();
    times.push(performance.now() - began);
  }
}

/** What a process has used of the processors, in milliseconds; the kernel counts it in hundredths of a second. */
function readCpuMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

interface Contender {
  name: string;
  pid: number;
  drivers: readonly SessionDriver[];
  /** Round trips a second, by round. */
  rates: number[];
  /** Processor time of the server for one round trip, in microseconds, by round. */
  costs: number[];
}

async function measureRate({ pid, drivers, rates, costs }: Contender): Promise<void> {
  const cpuBefore = readCpuMs(pid);
  const began = performance.now();
  let trips = 0;
  const drive = async (driver: SessionDriver): Promise<void> => {
    for (; performance.now() < began + roundMs; trips += 1) await driver.roundTrip();
  };
  await Promise.all(drivers.map(drive));
  rates.push((trips * 1000) / (performance.now() - began));
  costs.push(((readCpuMs(pid) - cpuBefore) * 1000) / trips);
}

async function reportRates(): Promise<void> {
  const memory = await start('memory');
  const file = await start('file');
  const memoryDrivers = await openDrivers(memory);
  const fileDrivers = await openDrivers(file);
  const recorded = Object.fromEntries(memoryDrivers[0]?.answers ?? []) as Record<Step, Answer>;
  const server = await startBareServer(recorded);
  const keys = { key: '0'.repeat(32), listener_key: '1'.repeat(32) };
  const bareDrivers = Array.from({ length: sessionsAtOnce }, () => new SessionDriver(server.url, keys));
  await Promise.all(bareDrivers.map((driver) => repeatTrips(driver, warmUpTrips)));
  const contenders: Contender[] = [
    { name: 'bare node:http', pid: server.pid, drivers: bareDrivers, rates: [], costs: [] },
    { name: 'relay, memory', pid: memory.pid, drivers: memoryDrivers, rates: [], costs: [] },
    { name: 'relay, file', pid: file.pid, drivers: fileDrivers, rates: [], costs: [] },
  ];
  for (let round = 0; round < rounds; round += 1)
    for (const contender of contenders) await measureRate(contender);
  print(`${sessionsAtOnce} sessions at once`, 'trips/s', '÷ bare', 'CPU µs/trip', '÷ bare');
  const median = (values: readonly number[] = []): number => quantile(values, 0.5);
  const [baseRate, baseCost] = [median(contenders[0]?.rates), median(contenders[0]?.costs)];
  for (const { name, rates, costs } of contenders) {
    const [rate, cost] = [median(rates), median(costs)];
    print(name, rate.toFixed(0), (rate / baseRate).toFixed(2), cost.toFixed(0), (cost / baseCost).toFixed(1));
  }
  await Promise.all(contenders.flatMap(({ drivers }) => drivers.map((driver) => driver.close())));
  server.stop();
}

type Times = { measured: number[]; alone: number[] };

function emptyTimes(): Map<StoreKind, Times> {
  return new Map(storeKinds.map((kind) => [kind, { measured: [], alone: [] }]));
}

/** One line for each store: the time, its ratio to that of the first count, the reference relay's time, and the ratio to that. */
function reportTimes(
  unit: string,
  count: number,
  times: Map<StoreKind, Times>,
  first: Map<StoreKind, number>,
) {
  for (const [kind, { measured, alone }] of times) {
    const [time, base] = [quantile(measured, 0.5), quantile(alone, 0.5)];
    const atFirst = first.get(kind) ?? time;
    first.set(kind, atFirst);
    const ratios = [(time / atFirst).toFixed(2), base.toFixed(2), (time / base).toFixed(2)];
    print(`${kind}, ${count.toLocaleString('en')} ${unit}`, time.toFixed(2), ...ratios);
  }
}

const timeHeads = ['p50 ms', '÷ first', 'alone ms', '÷ alone'];

async function reportManySessions(): Promise<void> {
  const pairs = [];
  for (const kind of storeKinds) {
    const relay = await start(kind);
    const reference = await start(kind);
    const measured = new SessionDriver(relay.url, await createSession(relay));
    const alone = new SessionDriver(reference.url, await createSession(reference));
    await Promise.all([measured, alone].map((driver) => repeatTrips(driver, longWarmUpTrips)));
    pairs.push({ kind, relay, measured, alone });
  }
  print('sessions in the store', ...timeHeads);
  const first = new Map<StoreKind, number>();
  let have = 1;
  for (const count of sessionCounts) {
    await Promise.all(pairs.map(({ relay }) => addSessions(relay, count - have)));
    have = count;
    const times = emptyTimes();
    for (let block = 0; block < blocks; block += 1) {
      for (const { kind, measured, alone } of pairs) {
        await repeatTrips(measured, tripsPerBlock, times.get(kind)?.measured);
        await repeatTrips(alone, tripsPerBlock, times.get(kind)?.alone);
      }
    }
    reportTimes('sessions', count, times, first);
  }
  await Promise.all(pairs.flatMap(({ measured, alone }) => [measured.close(), alone.close()]));
}

/** Times of one block in this session, the first round trip on its connections left out. */
async function measureBlock(relay: Relay, keys: Keys, times: number[] | undefined): Promise<void> {
  const driver = new SessionDriver(relay.url, keys, { namesCommands: true });
  await driver.roundTrip();
  await repeatTrips(driver, tripsPerBlock, times);
  await driver.close();
}

async function warmUp(relay: Relay): Promise<void> {
  const driver = new SessionDriver(relay.url, await createSession(relay));
  await repeatTrips(driver, longWarmUpTrips);
  await driver.close();
}

async function reportManyCommands(): Promise<void> {
  const pairs = [];
  for (const kind of storeKinds) {
    const relay = await start(kind);
    const reference = await start(kind);
    await Promise.all([relay, reference].map(warmUp));
    pairs.push({ kind, relay, reference, keys: await createSession(relay) });
  }
  print('commands behind the session', ...timeHeads);
  const first = new Map<StoreKind, number>();
  let have = 0;
  for (const count of commandCounts) {
    await Promise.all(pairs.map(({ relay, keys }) => addCommands(relay, keys, have, count - have)));
    have = count;
    // The round trips themselves add commands: where that would change the count much, each block has a session of its own.
    const isFew = count < tripsPerBlock * blocks;
    const times = emptyTimes();
    for (let block = 0; block < blocks; block += 1) {
      for (const { kind, relay, reference, keys } of pairs) {
        const own = isFew ? await createSession(relay) : keys;
        if (isFew) await addCommands(relay, own, 0, count);
        await measureBlock(relay, own, times.get(kind)?.measured);
        await measureBlock(reference, await createSession(reference), times.get(kind)?.alone);
      }
    }
    reportTimes('commands', count, times, first);
  }
}

const parts = { rate: reportRates, sessions: reportManySessions, commands: reportManyCommands };

async function main(words: readonly string[]): Promise<void> {
  folder = await makeTemporaryFolder();
  try {
    for (const [name, report] of Object.entries(parts)) {
      if (words.length > 0 && !words.includes(name)) continue;
      await withDeadline(report(), partMs, name);
      await stopAll();
    }
  } finally {
    await stopAll();
    await folder.remove();
  }
}

await (process.argv[2] === 'bare' ? serveBare() : main(process.argv.slice(2)));
