import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { createRandom, type Random } from '../harness/random.ts';
import { hasRedis, withoutRedis } from '../harness/redis.ts';
import { seed } from '../harness/seed.ts';
import { expectAllOf, readSessions, runClients } from './interleaving-checks.ts';
import { step } from './interleaving-kit.ts';
import { openAt, startOwnProxy, startOwnRedis } from './redis-kit.ts';

// Each run takes a second, so failing cases are not shrunk.

const clientSteps = fc.array(step, { minLength: 5, maxLength: 40 });
const given = [clientSteps, clientSteps, fc.nat()] as const;

/** A store that forwards each call to one of the stores at random. */
function drawStore(stores: readonly Store[], random: Random): Store {
  return new Proxy(stores[0] as Store, {
    get: (_target, name) => {
      const store = random.pick(stores);
      const method: unknown = store[name as keyof Store];
      return typeof method === 'function' ? method.bind(store) : method;
    },
  });
}

describe.skipIf(!hasRedis)(`clients of two stores on one Redis${withoutRedis}`, () => {
  test('random calls at two stores: all acknowledged bytes are stored and counted, and are the same at both', {
    timeout: 120_000,
  }, async () => {
    const redis = await startOwnRedis();
    const totals = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(...given, async (first, second, draw) => {
        await redis.cli('FLUSHALL');
        const stores = [await openAt(redis), await openAt(redis)] as const;
        const sessions = await runClients(
          stores[0],
          drawStore(stores, createRandom(draw)),
          [first, second],
          totals,
        );
        const [first0] = sessions;
        // The last check changed the session at the first store.
        if (first0) await stores[1].read(first0.name);
        expect(await readSessions(stores[1])).toEqual(await readSessions(stores[0]));
        for (const store of stores) await store.close();
      }),
      { seed, numRuns: 40, endOnFailure: true },
    );
    expectAllOf(totals, 3);
  });

  test('random calls at two stores, one in 30 answers of Redis lost with its connection: all acknowledged bytes are stored and counted', {
    timeout: 240_000,
  }, async () => {
    const redis = await startOwnRedis();
    const proxy = await startOwnProxy(redis);
    const totals = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(...given, async (first, second, draw) => {
        await redis.cli('FLUSHALL');
        const calm = await openAt(redis);
        const stores = [await openAt(proxy), await openAt(proxy)] as const;
        const random = createRandom(draw);
        const loses = createRandom(draw + 1);
        proxy.setFate(([name]) =>
          /^(EVAL|EVALSHA)$/i.test(name ?? '') && loses.oneIn(30) ? 'cut' : 'arrives',
        );
        const hard = drawStore(stores, random);
        await runClients(calm, insistOn(hard), [first, second], totals).finally(() =>
          proxy.setFate(() => 'arrives'),
        );
        for (const store of [...stores, calm]) await store.close();
      }),
      { seed, numRuns: 12, endOnFailure: true },
    );
    expect(proxy.lost()).toBeGreaterThan(10);
  });
});

/** Retries reads and removals while the store answers `storage_busy`. The clients retry updates themselves. */
function insistOn(store: Store): Store {
  const repeated = new Set(['read', 'has', 'remove', 'readBytes', 'create']);
  return new Proxy(store, {
    get: (_target, name) => {
      const call = (...args: unknown[]): unknown => {
        const method = store[name as keyof Store] as (...given: unknown[]) => unknown;
        return method(...args);
      };
      if (!repeated.has(String(name))) return call;
      return async (...args: unknown[]) => {
        for (let tries = 0; ; tries += 1) {
          try {
            return await call(...args);
          } catch (error) {
            const isAway = error instanceof Error && 'code' in error && error.code === 'storage_busy';
            if (!isAway || tries > 100) throw error;
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }
      };
    },
  });
}
