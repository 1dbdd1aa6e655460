import { describe, expect, test } from 'vitest';
import { SessionDriver } from '../bench/kit/session-driver.ts';
import { eventually } from '../harness/deadline.ts';
import { hasRedis, withoutRedis } from '../harness/redis.ts';
import { startRelay } from '../harness/relay-process.ts';
import { startRemote } from '../harness/remote.ts';
import { makeSession } from '../harness/slot-session.ts';
import { startOwnProxy, startOwnRedis } from './redis-kit.ts';
import { forTest } from '../harness/for-test.ts';

// Each command to Redis is a network round trip: these tests limit their number. Commands that a script calls inside Redis do not count.

const mostCalls = 5;

/** Slack, as heartbeats do not come evenly. */
const strayCalls = 0.5;

/** How long the calls of an idle relay (heartbeats, clock, sweeps) are counted. */
const restMs = 3_000;

async function startCounted() {
  const redis = await startOwnRedis();
  const proxy = await startOwnProxy(redis);
  const relay = await forTest(startRelay({ store: proxy.url }));
  const total = (): number => Object.values(proxy.counts()).reduce((sum, count) => sum + count, 0);
  /** Calls during the work, without those that an idle relay makes in the same time. */
  const measure = async (times: number, work: () => Promise<void>) => {
    proxy.reset();
    const restBegan = performance.now();
    await eventually('the relay is idle', restMs + 5_000, () => performance.now() - restBegan >= restMs);
    const restPerMs = total() / (performance.now() - restBegan);
    proxy.reset();
    const began = performance.now();
    for (let nth = 0; nth < times; nth += 1) await work();
    const counts = proxy.counts();
    const calls = (total() - restPerMs * (performance.now() - began)) / times;
    console.log(
      `${calls.toFixed(1)} calls, ${JSON.stringify(counts)} in ${times} times; ${(restPerMs * 1000).toFixed(1)} a second at rest`,
    );
    return { calls, restPerSecond: restPerMs * 1000 };
  };
  return { redis, proxy, relay, measure };
}

describe.skipIf(!hasRedis)(`number of commands to Redis${withoutRedis}`, () => {
  test(`a push, the listener's next and finish, and the read of the output: at most ${mostCalls} calls`, {
    timeout: 60_000,
  }, async () => {
    const { relay, measure } = await startCounted();
    const session = await makeSession(relay);
    const driver = new SessionDriver(relay.url, session);
    for (let nth = 0; nth < 10; nth += 1) await driver.roundTrip();
    const { calls } = await measure(60, () => driver.roundTrip());
    expect(calls).toBeLessThanOrEqual(mostCalls + strayCalls);
    // Checks that the proxy counts at all.
    expect(calls).toBeGreaterThan(3);
    await driver.close();
  });

  test('`exec true` with a real listener: at most 5 more calls of Redis', { timeout: 60_000 }, async () => {
    const { relay, measure } = await startCounted();
    const remote = await forTest(startRemote(relay));
    await remote.run(['exec', 'true']);
    const { calls } = await measure(8, async () => {
      expect((await remote.run(['exec', 'true'])).exitCode).toBe(0);
    });
    expect(calls).toBeLessThanOrEqual(mostCalls + 5);
    expect(calls).toBeGreaterThan(3);
  });

  test('a relay with nothing to do sends less than ten commands to Redis per second', {
    timeout: 60_000,
  }, async () => {
    const { measure } = await startCounted();
    const { restPerSecond } = await measure(1, async () => undefined);
    expect(restPerSecond).toBeLessThan(10);
  });
});
