/**
 * Round trips through relays that share a Redis: a push, the listener's `next`, its `finish` and the client's read of the output, of 16
 * sessions at once, beside relays that keep sessions in memory and in files. Client and listener of a session are at different relays
 * where there are several. Rounds alternate and figures are medians. `tsx test/benchmark/shared.ts`.
 */
import { stat } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Redis, startRedis } from '../harness/redis.ts';
import { type RedisProxy, startRedisProxy } from '../harness/redis-proxy.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { quantile } from './figures.ts';
import { type Keys, SessionDriver } from './session-driver.ts';

const sessionsAtOnce = 16;
const rounds = 5;
const roundMs = 2_000;
const warmUpTrips = 100;
const flags = ['--max-sessions-per-address', '0'];

interface Contender {
  name: string;
  relays: readonly Relay[];
  drivers: readonly SessionDriver[];
  redis?: Redis;
  rates: number[];
}

async function createSession({ url }: Relay): Promise<Keys> {
  const answer = await fetch(`${url}/api/session`, { method: 'POST' });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Keys;
}

async function openContender(name: string, relays: readonly Relay[], redis?: Redis): Promise<Contender> {
  const drivers: SessionDriver[] = [];
  for (let nth = 0; nth < sessionsAtOnce; nth += 1) {
    const [one, other] = [relays[nth % relays.length], relays[(nth + 1) % relays.length]];
    if (one && other)
      drivers.push(new SessionDriver(one.url, await createSession(one), { listenerUrl: other.url }));
  }
  await Promise.all(drivers.map((driver) => repeat(driver, warmUpTrips)));
  return { name, relays, drivers, ...(redis && { redis }), rates: [] };
}

async function repeat(driver: SessionDriver, times: number): Promise<void> {
  for (let trip = 0; trip < times; trip += 1) await driver.roundTrip();
}

async function measure({ drivers, rates }: Contender): Promise<void> {
  const began = performance.now();
  let trips = 0;
  const drive = async (driver: SessionDriver): Promise<void> => {
    for (; performance.now() < began + roundMs; trips += 1) await driver.roundTrip();
  };
  await Promise.all(drivers.map(drive));
  rates.push((trips * 1_000) / (performance.now() - began));
}

async function openAll(): Promise<Contender[]> {
  const contenders = [
    await openContender('memory:', [await startRelay({ store: 'memory:', flags })]),
    await openContender('file:', [await startRelay({ flags })]),
  ];
  for (const count of [1, 2, 3]) {
    const redis = await startRedis({ appendOnly: true });
    const relays: Relay[] = [];
    for (let nth = 0; nth < count; nth += 1) relays.push(await startRelay({ store: redis.url, flags }));
    contenders.push(await openContender(`redis, ${count} relay${count > 1 ? 's' : ''}`, relays, redis));
  }
  return contenders;
}

function print(...cells: (string | number)[]): void {
  const [name = '', ...figures] = cells.map(String);
  process.stdout.write(`${name.padEnd(32)}${figures.map((figure) => figure.padStart(14)).join('')}\n`);
}

/** Bytes of all files that Redis appends to. */
async function readAppended(redis: Redis): Promise<number> {
  const folder = join(await readConfig(redis, 'dir'), await readConfig(redis, 'appenddirname'));
  let bytes = 0;
  for (const name of readdirSync(folder)) bytes += (await stat(join(folder, name))).size;
  return bytes;
}

async function readConfig(redis: Redis, name: string): Promise<string> {
  return (await redis.cli('CONFIG', 'GET', name)).split('\n')[1] ?? '';
}

/** One session after the other, so that nothing else is counted but what comes anyway. */
async function reportCosts(redis: Redis, proxy: RedisProxy, relay: Relay): Promise<void> {
  const driver = new SessionDriver(relay.url, await createSession(relay));
  await repeat(driver, warmUpTrips);
  const trips = 300;
  const before = await readAppended(redis);
  proxy.reset();
  await repeat(driver, trips);
  const { sent, received } = proxy.bytes();
  const counts = Object.entries(proxy.counts()).toSorted(([, a], [, b]) => b - a);
  const calls = counts.reduce((sum, [, count]) => sum + count, 0);
  const appended = (await readAppended(redis)) - before;
  print('one round trip', 'calls', 'bytes in', 'bytes out', 'AOF bytes');
  print('redis, 1 relay', ...[calls, sent, received, appended].map((sum) => (sum / trips).toFixed(1)));
  print('of which', ...counts.slice(0, 5).map(([name, count]) => `${name} ${(count / trips).toFixed(1)}`));
  await driver.close();
}

async function main(): Promise<void> {
  const contenders = await openAll();
  for (let round = 0; round < rounds; round += 1)
    for (const contender of contenders) await measure(contender);
  const base = quantile(contenders[0]?.rates ?? [], 0.5);
  print(`${sessionsAtOnce} sessions at once`, 'trips/s', '÷ memory:');
  for (const { name, rates } of contenders) {
    const rate = quantile(rates, 0.5);
    print(name, rate.toFixed(0), (rate / base).toFixed(2));
  }
  for (const { drivers } of contenders) for (const driver of drivers) await driver.close();
  for (const { relays } of contenders) for (const relay of relays) await relay.stop();
  for (const { redis } of contenders) await redis?.stop();

  const redis = await startRedis({ appendOnly: true });
  const proxy = await startRedisProxy(redis);
  const relay = await startRelay({ store: proxy.url, flags });
  await reportCosts(redis, proxy, relay);
  await relay.stop();
  await proxy.stop();
  await redis.stop();
}

await main();
