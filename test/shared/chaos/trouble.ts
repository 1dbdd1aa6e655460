/** Failures of relays and of the Redis that they share. */
import { untilPassed } from '../../harness/deadline.ts';
import type { Redis } from '../../harness/redis.ts';
import type { Fleet } from './fleet.ts';
import type { Trouble } from './run-chaos.ts';

export const relaysDie = (fleet: Fleet): Trouble => ({ everyMs: 2_000, happen: () => fleet.replaceNext() });

export const redisStandsStill = (redis: Redis, ms = 5_000): Trouble => ({
  everyMs: 4_000,
  happen: async () => {
    redis.pause();
    try {
      await untilPassed('Redis is paused', ms);
    } finally {
      redis.resume();
    }
  },
});

/** Redis restarts from its append-only file. */
export const redisRestarts = (redis: Redis, how: 'end' | 'kill'): Trouble => ({
  everyMs: 4_000,
  happen: async () => {
    await redis[how]();
    await untilPassed('Redis is down', 1_500);
    await redis.restart();
  },
});

export const connectionsAreCut = (redis: Redis): Trouble => ({
  everyMs: 700,
  happen: async () => {
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
  },
});
