import { describe, expect, onTestFinished, test } from 'vitest';
import { hasRedis, promote, type Redis, startRedis, startReplica, withoutRedis } from '../harness/redis.ts';
import { startRedisProxy } from '../harness/redis-proxy.ts';
import { Fleet } from './chaos/fleet.ts';
import { type ChaosReport, runChaos } from './chaos/run-chaos.ts';
import { connectionsAreCut, redisRestarts, redisStandsStill, relaysDie } from './chaos/trouble.ts';

/** In each test: 1,500 in all. */
const commands = Number(process.env['REMOTIFY_TEST_COMMANDS'] ?? 250);
const timeout = 500_000;

/** A replica that comes is served at once. */
const noDelay = ['--repl-diskless-sync-delay', '0'];

function expectKept(name: string, { tally, text, commands: done }: ChaosReport): void {
  console.log(`${name}: ${text}`);
  expect(tally.faults).toEqual({ lost: new Set(), 'run twice': new Set(), wrong: new Set() });
  expect(done).toBeGreaterThanOrEqual(commands);
  const { ends, ...others } = tally.acknowledged;
  for (const [kind, count] of Object.entries(others)) expect(count, kind).toBeGreaterThan(0);
  // A session ends after as many commands as one test has, or later.
  if (commands >= 400) expect(ends).toBeGreaterThan(0);
}

async function startOwn(redis: Promise<Redis>): Promise<Redis> {
  const started = await redis;
  onTestFinished(started.stop);
  return started;
}

describe.skipIf(!hasRedis)(
  `${commands} commands through three relays on one Redis: none is lost, none runs twice${withoutRedis}`,
  () => {
    test('each relay is killed in turn, one each 2 s', { timeout }, async () => {
      const redis = await startOwn(startRedis());
      const fleet = await Fleet.open({ store: redis.url });
      const report = await runChaos({ fleet, commands, troubles: [relaysDie(fleet)], leastTroubles: 3 });
      expectKept('relays killed', report);
      expect(fleet.kills).toBeGreaterThanOrEqual(3);
    });

    test('Redis stands still for 5 s, again and again, while relays are killed', { timeout }, async () => {
      const redis = await startOwn(startRedis());
      const fleet = await Fleet.open({ store: redis.url });
      const troubles = [relaysDie(fleet), redisStandsStill(redis)];
      expectKept('Redis stopped', await runChaos({ fleet, commands, troubles }));
    });

    test.each([
      ['end', 'everysec'],
      // While a flush to the disk takes long, `everysec` keeps back up to two seconds of what it acknowledged.
      ['kill', 'always'],
    ] as const)(
      'Redis goes (%s) and comes back with what it wrote to its file (%s), while relays are killed',
      { timeout },
      async (how, flush) => {
        const redis = await startOwn(startRedis({ appendOnly: true, flags: ['--appendfsync', flush] }));
        const fleet = await Fleet.open({ store: redis.url });
        const troubles = [relaysDie(fleet), redisRestarts(redis, how)];
        expectKept(`Redis restarted by ${how}`, await runChaos({ fleet, commands, troubles }));
      },
    );

    test('all connections to Redis are cut, again and again', { timeout }, async () => {
      const redis = await startOwn(startRedis());
      const fleet = await Fleet.open({ store: redis.url });
      expectKept(
        'connections cut',
        await runChaos({ fleet, commands, troubles: [connectionsAreCut(redis)] }),
      );
    });

    test('the primary dies and its replica takes over, with --durability replica', { timeout }, async () => {
      let primary = await startOwn(startRedis({ flags: noDelay }));
      let replica = await startOwn(startReplica(primary));
      const proxy = await startRedisProxy(primary);
      onTestFinished(proxy.stop);
      const fleet = await Fleet.open({ store: proxy.url, flags: ['--durability', 'replica'] });
      const failOver = async (): Promise<void> => {
        await primary.kill();
        await promote(replica);
        proxy.aim(replica);
        proxy.cut();
        // Each acknowledgement needs one again.
        const next = await startOwn(startReplica(replica));
        [primary, replica] = [replica, next];
      };
      const troubles = [{ everyMs: 6_000, happen: failOver }, relaysDie(fleet)];
      expectKept('failover', await runChaos({ fleet, commands, troubles }));
    });
  },
);
