import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasRedis, withoutRedis } from '../harness/redis.ts';
import { type RedisCluster, startRedisCluster } from '../harness/redis-cluster.ts';
import { describeStore } from '../store/contract.ts';
import { openAt, openOwn } from '../store/redis-kit.ts';
import { append, count, makeSession, push } from '../store/store-kit.ts';

describe.skipIf(!hasRedis)(`a store on a Redis cluster${withoutRedis}`, () => {
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster();
  });

  afterAll(() => cluster?.stop());

  describeStore(
    async (dueAt) => {
      await cluster.flush();
      return openAt(cluster, dueAt);
    },
    { isLocal: false },
  );

  test('sessions are spread over all nodes, and a change at one store wakes a watcher at another', async () => {
    await cluster.flush();
    const [a, b] = [await openOwn(cluster), await openOwn(cluster)];
    const names = Array.from({ length: 40 }, (_, nth) => nth.toString(16).padStart(2, '0').repeat(32));
    const woken = new Set<string>();
    for (const name of names) {
      await a.create(makeSession(name, '192.0.2.7'), { sessions: 100, bytes: 100_000_000 });
      b.watch(name, () => woken.add(name));
    }
    for (const name of names) await a.update(name, count);
    await expect.poll(() => woken.size, { timeout: 10_000 }).toBe(names.length);
    expect(await b.count()).toBe(names.length);
    for (const node of cluster.nodes) expect(Number(await node.cli('DBSIZE'))).toBeGreaterThan(10);
  });

  test('5 MB of output, sent ahead of the commit: all bytes arrive', async () => {
    await cluster.flush();
    const store = await openOwn(cluster);
    const { name } = makeSession();
    await store.create(makeSession());
    await push(store, name, 'cat');
    const bytes = Buffer.from(Array.from({ length: 5_000_000 }, (_, at) => (at * 7) % 251));
    expect(await append(store, name, 'c1', 'stdout', 0, bytes.subarray(0, 100))).toBe(100);
    expect(await append(store, name, 'c1', 'stdout', 100, bytes.subarray(100))).toBe(bytes.byteLength);
    expect((await store.readBytes(name, 'c1', 'stdout', 0, 6_000_000)).equals(bytes)).toBe(true);
  });
});
