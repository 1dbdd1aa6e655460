import { describe, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import type { Store, StoreDurability } from '../../src/store/store.ts';
import { hasRedis, type Redis, startReplica, withoutRedis } from '../harness/redis.ts';
import { insist, startOwnRedis } from './redis-kit.ts';
import { count, makeSession, refusalOf } from './store-kit.ts';
import { forTest } from '../harness/for-test.ts';

const { name } = makeSession();

async function open(
  redis: Redis,
  durability: StoreDurability,
): Promise<{ store: Store; warnings: string[] }> {
  const warnings: string[] = [];
  const store = await openStore(redis.url, { warn: (text) => void warnings.push(text), durability });
  onTestFinished(() => store.close());
  return { store, warnings };
}

describe.skipIf(!hasRedis)(`durability of a Redis store${withoutRedis}`, () => {
  test('durability replica: no acknowledgement without a replica, and all acknowledged updates are on it', {
    timeout: 60_000,
  }, async () => {
    const redis = await startOwnRedis();
    const { store, warnings } = await open(redis, 'replica');
    expect(warnings.join('\n')).toMatch(/has no replica/);
    expect(await refusalOf(store.create(makeSession()))).toBe('storage_busy');
    const replica = await forTest(startReplica(redis));
    const other = makeSession('b'.repeat(64));
    await store.create(other);
    for (let nth = 1; nth <= 20; nth += 1) {
      expect(
        (await insist('an update', () => store.update(other.name, count))).result,
      ).toBeGreaterThanOrEqual(nth);
      const meta = await replica.cli('HGET', `remotify:{bb}:s:${'b'.repeat(32)}`, 'm');
      expect(JSON.parse(meta)).toMatchObject({ core: { revision: nth } });
    }
    await replica.stop();
    expect(await refusalOf(store.update(other.name, count))).toBe('storage_busy');
    // An update that was refused for lack of a copy may still have been stored.
    expect((await store.read(other.name)).revision).toBe(21);
  });

  test('durability power: refused if Redis is too old; with appendfsync always an acknowledged update survives a kill', async () => {
    const none = await startOwnRedis();
    const [major = 0, minor = 0] = (
      /redis_version:([\d.]+)/.exec(await none.cli('INFO', 'server'))?.[1] ?? ''
    )
      .split('.')
      .map(Number);
    const hasWaitAof = major > 7 || (major === 7 && minor >= 2);
    if (!hasWaitAof)
      await expect(openStore(none.url, { warn: () => undefined, durability: 'power' })).rejects.toThrow(
        /7\.2/,
      );
    const always = await startOwnRedis({ appendOnly: true, flags: ['--appendfsync', 'always'] });
    const { store } = await open(always, 'power');
    await store.create(makeSession());
    await store.update(name, count);
    await always.kill();
    await always.restart();
    expect((await insist('the session', () => store.read(name))).revision).toBe(1);
  });
});
