import { describe, expect, onTestFinished, test } from 'vitest';
import { hasRedis, promote, type Redis, startRedis, startReplica, withoutRedis } from '../harness/redis.ts';
import { startRedisProxy } from '../harness/redis-proxy.ts';
import { Fleet } from './chaos/fleet.ts';
import { type ChaosReport, runChaos } from './chaos/run-chaos.ts';
import { connectionsAreCut, redisRestarts, redisStandsStill, relaysDie } from './chaos/trouble.ts';
import { forTest } from '../harness/for-test.ts';

/** Commands in each test: 1,500 in total by default. */
const commands = Number(process.env['REMOTIFY_TEST_COMMANDS'] ?? 250);
const timeout = 500_000;

/** Redis syncs a new replica at once. */
const noDelay = ['--repl-diskless-sync-delay', '0'];

function expectKept(name: string, { tally, text, commands: done }: ChaosReport): void {
  console.log(`${name}: ${text}`);
  expect(tally.faults).toEqual({ lost: new Set(), 'run twice': new Set(), wrong: new Set() });
  expect(done).toBeGreaterThanOrEqual(commands);
  const { ends, ...others } = tally.acknowledged;
  for (const [kind, count] of Object.entries(others)) expect(count, kind).toBeGreaterThan(0);
  // In this load a session only ends after about this many commands.
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
    test('a relay is killed every 2 s, each in turn', { timeout }, async () => {
      const redis = await startOwn(startRedis());
      const fleet = await Fleet.open({ store: redis.url });
      const report = await runChaos({ fleet, commands, troubles: [relaysDie(fleet)], leastTroubles: 3 });
      expectKept('relays killed', report);
      expect(fleet.kills).toBeGreaterThanOrEqual(3);
    });

    test('Redis is paused for 5 s repeatedly, while relays are killed', { timeout }, async () => {
      const redis = await startOwn(startRedis());
      const fleet = await Fleet.open({ store: redis.url });
      const troubles = [relaysDie(fleet), redisStandsStill(redis)];
      expectKept('Redis stopped', await runChaos({ fleet, commands, troubles }));
    });

    test.each([
      ['end', 'everysec'],
      // With `everysec` a killed Redis can lose up to two seconds of acknowledged writes while a flush to the disk is
      // slow.
      ['kill', 'always'],
    ] as const)(
      'Redis is stopped (%s) and restarts from its append-only file (appendfsync %s), while relays are killed',
      { timeout },
      async (how, flush) => {
        const redis = await startOwn(startRedis({ appendOnly: true, flags: ['--appendfsync', flush] }));
        const fleet = await Fleet.open({ store: redis.url });
        const troubles = [relaysDie(fleet), redisRestarts(redis, how)];
        expectKept(`Redis restarted by ${how}`, await runChaos({ fleet, commands, troubles }));
      },
    );

    test('all connections to Redis are cut repeatedly', { timeout }, async () => {
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
      const proxy = await forTest(startRedisProxy(primary));
      const fleet = await Fleet.open({ store: proxy.url, flags: ['--durability', 'replica'] });
      const failOver = async (): Promise<void> => {
        await primary.kill();
        await promote(replica);
        proxy.aim(replica);
        proxy.cut();
        // Acknowledgements need a replica, so start another one.
        const next = await startOwn(startReplica(replica));
        [primary, replica] = [replica, next];
      };
      const troubles = [{ everyMs: 6_000, happen: failOver }, relaysDie(fleet)];
      expectKept('failover', await runChaos({ fleet, commands, troubles }));
    });
  },
);
