import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasRedis, type Redis, startRedis } from '../harness/redis.ts';
import { startRedisProxy } from '../harness/redis-proxy.ts';
import type { Relay } from '../harness/relay-process.ts';
import type { Bench, Group } from './kit/group.ts';
import { createSession, startUnlimited } from './kit/relays.ts';
import { alternate, type Side } from './kit/series.ts';
import { SessionDriver } from './kit/session-driver.ts';

const sessionsAtOnce = 16;

async function repeat(driver: SessionDriver, times: number): Promise<void> {
  for (let trip = 0; trip < times; trip += 1) await driver.roundTrip();
}

/** If there are several relays, client and listener of a session use different ones. */
async function openSide({ ends, isShort }: Bench, name: string, relays: readonly Relay[]): Promise<Side> {
  const drivers: SessionDriver[] = [];
  for (let nth = 0; nth < sessionsAtOnce; nth += 1) {
    const [one, other] = [relays[nth % relays.length], relays[(nth + 1) % relays.length]];
    if (one && other)
      drivers.push(new SessionDriver(one.url, await createSession(one), { listenerUrl: other.url }));
  }
  ends.add(async () => void (await Promise.all(drivers.map((driver) => driver.close()))));
  await Promise.all(drivers.map((driver) => repeat(driver, isShort ? 5 : 100)));
  const measure = async (): Promise<{ rate: number }> => {
    const began = performance.now();
    let trips = 0;
    const drive = async (driver: SessionDriver): Promise<void> => {
      for (; performance.now() < began + (isShort ? 200 : 2_000); trips += 1) await driver.roundTrip();
    };
    await Promise.all(drivers.map(drive));
    return { rate: (trips * 1_000) / (performance.now() - began) };
  };
  return { name, measure };
}

async function startOnRedis({ ends }: Bench, count: number): Promise<Relay[]> {
  const redis = await startRedis({ appendOnly: true });
  ends.add(redis.stop);
  const relays: Relay[] = [];
  for (let nth = 0; nth < count; nth += 1) relays.push(await startUnlimited(ends, redis.url));
  return relays;
}

async function readConfig(redis: Redis, name: string): Promise<string> {
  return (await redis.cli('CONFIG', 'GET', name)).split('\n')[1] ?? '';
}

/** The size of all append-only files of Redis. */
async function readAppended(redis: Redis): Promise<number> {
  const folder = join(await readConfig(redis, 'dir'), await readConfig(redis, 'appenddirname'));
  let bytes = 0;
  for (const name of await readdir(folder)) bytes += (await stat(join(folder, name))).size;
  return bytes;
}

/** Uses one session, so that besides its calls only the relay's background calls are counted. */
async function countCalls(bench: Bench): Promise<void> {
  const { ends, isShort, add } = bench;
  const redis = await startRedis({ appendOnly: true });
  ends.add(redis.stop);
  const proxy = await startRedisProxy(redis);
  ends.add(proxy.stop);
  const relay = await startUnlimited(ends, proxy.url);
  const driver = new SessionDriver(relay.url, await createSession(relay));
  ends.add(() => driver.close());
  await repeat(driver, isShort ? 5 : 100);
  const figures: Record<string, number[]> = { calls: [], sent: [], received: [], appended: [] };
  for (let round = 0; round < (isShort ? 1 : 5); round += 1) {
    const trips = isShort ? 20 : 100;
    const before = await readAppended(redis);
    proxy.reset();
    await repeat(driver, trips);
    const { sent, received } = proxy.bytes();
    const calls = Object.values(proxy.counts()).reduce((sum, calling) => sum + calling, 0);
    const appended = (await readAppended(redis)) - before;
    for (const [name, sum] of Object.entries({ calls, sent, received, appended }))
      figures[name]?.push(sum / trips);
  }
  for (const [figure, what, unit] of [
    ['calls', 'commands to Redis', ''],
    ['sent', 'bytes to Redis', 'B'],
    ['received', 'bytes from Redis', 'B'],
    ['appended', 'bytes that Redis appends to its file', 'B'],
  ] as const)
    add({
      id: `shared.${figure}`,
      name: `one round trip: ${what}`,
      unit,
      values: figures[figure] ?? [],
    });
}

export const shared: Group = {
  name: 'shared',
  title: 'Relays that share a Redis',
  notes: [
    'Round trips as in the group wire, of 16 sessions at once. With several relays, client and listener of a session use different ones.',
    'Commands that a script calls inside Redis do not count.',
  ],
  async run(bench) {
    const counts = bench.isShort ? [2] : [1, 2, 3];
    if (!hasRedis) {
      for (const count of counts)
        bench.skip(`shared.${count}.rate`, `redis, relays: ${count}`, 'no redis-server');
      return;
    }
    const sides = [await openSide(bench, 'memory', [await startUnlimited(bench.ends, 'memory:')])];
    for (const count of counts)
      sides.push(await openSide(bench, String(count), await startOnRedis(bench, count)));
    const { of } = await alternate(sides, bench.isShort ? { rounds: 1 } : { rounds: 5, warmUps: 1 });
    const base = { name: 'memory', values: of('memory', 'rate') };
    bench.add({ id: 'shared.memory.rate', name: 'memory, relays: 1', unit: 'trips/s', values: base.values });
    for (const count of counts)
      bench.add({
        id: `shared.${count}.rate`,
        name: `redis, relays: ${count}`,
        unit: 'trips/s',
        values: of(String(count), 'rate'),
        base,
      });
    await bench.ends.endAll();
    await countCalls(bench);
  },
};
