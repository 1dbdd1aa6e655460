import { startBareServer } from './kit/bare-server.ts';
import { median, quantile } from './kit/figures.ts';
import type { Bench, Group } from './kit/group.ts';
import { readCpuMs } from './kit/processes.ts';
import { explainMissing, openDrivers, startKind, storeKinds } from './kit/relays.ts';
import type { Entry, Goal } from './kit/rows.ts';
import { alternate } from './kit/series.ts';
import { type Answer, SessionDriver, type Step } from './kit/session-driver.ts';
import type { Recorded } from './kit/serve-bare.ts';

const requestsPerTrip = 4;

/** More commands than a session remembers, so that every later round trip also drops a command. */
const warmUpTrips = 120;

const rateGoals: Record<string, Goal> = {
  memory: { atLeast: 0.6 },
  file: { atLeast: 0.45 },
  redis: { atLeast: 0.2 },
};

type Contender = {
  name: string;
  pid: number;
  storePid?: number | undefined;
  drivers: readonly SessionDriver[];
};

async function driveFor(ms: number, drivers: readonly SessionDriver[]): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + ms;
  const drive = async (driver: SessionDriver): Promise<void> => {
    for (let began = performance.now(); began < end; began = performance.now()) {
      await driver.roundTrip();
      times.push(performance.now() - began);
    }
  };
  await Promise.all(drivers.map(drive));
  return times;
}

async function warmUp(drivers: readonly SessionDriver[], trips: number): Promise<void> {
  const drive = async (driver: SessionDriver): Promise<void> => {
    for (let trip = 0; trip < trips; trip += 1) await driver.roundTrip();
  };
  await Promise.all(drivers.map(drive));
}

async function measure({ pid, storePid, drivers }: Contender, ms: number): Promise<Record<string, number>> {
  const readAll = () => ({
    server: readCpuMs(pid),
    store: storePid === undefined ? 0 : readCpuMs(storePid),
    driver: process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000,
  });
  const before = readAll();
  const began = performance.now();
  const times = await driveFor(ms, drivers);
  const seconds = (performance.now() - began) / 1000;
  const after = readAll();
  const microsecondsPerRequest = (from: number, to: number): number =>
    ((to - from) * 1000) / (times.length * requestsPerTrip);
  return {
    rate: times.length / seconds,
    latency: median(times),
    p99: quantile(times, 0.99),
    cpu: microsecondsPerRequest(before.server, after.server),
    storeCpu: microsecondsPerRequest(before.store, after.store),
    driverCpu: microsecondsPerRequest(before.driver, after.driver),
  };
}

async function openContenders({ ends, isShort, skip, fail }: Bench, sessions: number): Promise<Contender[]> {
  const contenders: Contender[] = [];
  let recorded: Map<Step, Answer> | undefined;
  const trips = isShort ? 40 : Math.ceil(warmUpTrips / (sessions > 16 ? 4 : 1));
  for (const kind of storeKinds) {
    const reason = explainMissing(kind);
    if (reason !== undefined) {
      skip(`wire.${sessions}.${kind}.rate`, `${sessions} sessions, ${kind}`, reason);
      continue;
    }
    try {
      const relay = await startKind(ends, kind);
      const drivers = await openDrivers(ends, relay, sessions);
      await warmUp(drivers, trips);
      recorded ??= drivers[0]?.answers;
      contenders.push({ name: kind, pid: relay.pid, storePid: relay.redis?.pid(), drivers });
    } catch (error) {
      fail(`${sessions} sessions, ${kind}`, error);
    }
  }
  const server = await startBareServer(Object.fromEntries(recorded ?? []) as Recorded);
  ends.add(server.stop);
  const keys = { key: '0'.repeat(32), listener_key: '1'.repeat(32) };
  const drivers = Array.from({ length: sessions }, () => new SessionDriver(server.url, keys));
  ends.add(async () => void (await Promise.all(drivers.map((driver) => driver.close()))));
  await warmUp(drivers, trips);
  return [{ name: 'bare', pid: server.pid, drivers }, ...contenders];
}

async function measureWith(bench: Bench, sessions: number): Promise<void> {
  const { isShort, fail } = bench;
  const contenders = await openContenders(bench, sessions);
  const failed = new Set<Contender>();
  const tryToMeasure = async (contender: Contender): Promise<Record<string, number>> => {
    if (failed.has(contender)) return {};
    try {
      return await measure(contender, isShort ? 300 : 1_500);
    } catch (error) {
      failed.add(contender);
      fail(`${sessions} sessions, ${contender.name}`, error);
      return {};
    }
  };
  const { of } = await alternate(
    contenders.map((contender) => ({ name: contender.name, measure: () => tryToMeasure(contender) })),
    isShort ? { rounds: 1 } : { rounds: 7, warmUps: 1 },
  );
  const add = (entry: Entry): void => {
    if (entry.values.length > 0) bench.add(entry);
  };
  const addFigure = (name: string, figure: string, what: string, unit: string, goal?: Goal): void => {
    const base = name !== 'bare' && { base: { name: 'bare', values: of('bare', figure) } };
    add({
      id: `wire.${sessions}.${name}.${figure}`,
      name: `${sessions} sessions, ${name}: ${what}`,
      unit,
      values: of(name, figure),
      ...base,
      ...(goal && { goal }),
    });
  };
  for (const { name } of contenders)
    addFigure(name, 'rate', 'round trips', '/s', sessions > 1 ? rateGoals[name] : undefined);
  for (const { name } of contenders)
    addFigure(name, 'latency', 'latency p50', 'ms', name === 'memory' ? { atMost: 2 } : undefined);
  for (const { name } of contenders) addFigure(name, 'p99', 'latency p99', 'ms');
  for (const { name } of contenders) addFigure(name, 'cpu', 'CPU of the server per request', 'µs');
  for (const { name, storePid } of contenders)
    if (storePid !== undefined)
      add({
        id: `wire.${sessions}.${name}.store-cpu`,
        name: `${sessions} sessions, ${name}: CPU of the store per request`,
        unit: 'µs',
        values: of(name, 'storeCpu'),
      });
  add({
    id: `wire.${sessions}.driver-cpu`,
    name: `${sessions} sessions: CPU of the driver per request, against bare`,
    unit: 'µs',
    values: of('bare', 'driverCpu'),
  });
}

export const wire: Group = {
  name: 'wire',
  title: 'Requests on the wire',
  notes: [
    'A round trip is four requests on two keep-alive connections: the push, the `next` of a waiting listener, its `finish` with 20 bytes of output, and the client’s read of the output.',
    'Bare is a node:http server in the repository that answers the same four requests at once with the same recorded bytes, without a store.',
    'The driver is one process with undici for all contenders, and shares the cores with the servers. The last row has its cost per request: with one request at a time the driver’s time counts on both sides of a ratio, so the CPU rows are the stricter comparison.',
    'The tls rows are the relay’s own TLS with a memory store. Redis keeps an append-only file with its default flush each second.',
  ],
  async run(bench) {
    for (const sessions of bench.isShort ? [16] : [1, 16, 256]) {
      bench.say(`${sessions} sessions`);
      await measureWith(bench, sessions);
      await bench.ends.endAll();
    }
  },
};
