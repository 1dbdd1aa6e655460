import { describe, test } from 'vitest';
import { hasRedis, startRedis, withoutRedis } from '../harness/redis.ts';
import { seed } from '../harness/seed.ts';
import { checkWirePromises } from '../promises/check-wire-promises.ts';
import { Fleet } from './chaos/fleet.ts';
import { forTest } from '../harness/for-test.ts';

describe.skipIf(!hasRedis)(`two relays on one Redis${withoutRedis}`, () => {
  test('no interleaving of events, network failures and restarts breaks a promise', {
    timeout: 400_000,
  }, async () => {
    const redis = await forTest(startRedis());
    const fleet = await Fleet.open({ store: redis.url, count: 2 });
    const relay = {
      port: fleet.splitter.port,
      behind: () => fleet.relays.map(({ port }) => port),
      kill: () => fleet.replaceNext(),
      // replaceNext() has already started the new relay.
      start: async () => undefined,
    };
    await checkWirePromises(relay, { seed, numRuns: 100 });
  });
});
