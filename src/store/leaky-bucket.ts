/**
 * The arithmetic of rate limits, the same as nginx's limit_req with nodelay: a bucket that leaks at the rate. Its level is in microseconds:
 * a request adds the time between two requests at the allowed rate, and passing time subtracts it.
 */
import type { Rate } from './store.ts';

export interface Bucket {
  /** What one request adds. */
  readonly cost: number;
  /** What the bucket holds: one request, and the burst. */
  readonly capacity: number;
}

export function createBucket({ count, perSeconds, burst }: Rate): Bucket {
  const cost = Math.max(1, Math.round((perSeconds * 1_000_000) / count));
  return { cost, capacity: cost * (burst + 1) };
}

/** `wait` is 0 if the request fits. Otherwise nothing was added, and a request fits after `wait` microseconds. */
export interface Poured {
  readonly emptyAt: number;
  readonly wait: number;
}

/** `emptyAt` is the time at which the bucket is empty if nothing is added. */
export function pour(emptyAt: number, now: number, { cost, capacity }: Bucket): Poured {
  // After the clock was set back, the level must not exceed the capacity.
  const level = Math.min(Math.max(emptyAt - now, 0), capacity);
  const wait = Math.max(level + cost - capacity, 0);
  return { emptyAt: now + level + (wait > 0 ? 0 : cost), wait };
}

/** pour() as a Redis script, on the clock of Redis. KEYS: the bucket; ARGV: cost, capacity. Returns the wait in ms. */
export const pourScript = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local cost, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
local level = math.min(math.max((tonumber(redis.call('GET', KEYS[1])) or 0) - now, 0), capacity)
local wait = level + cost - capacity
if wait > 0 then return math.ceil(wait / 1000) end
local format = '%.0f'
redis.call('SET', KEYS[1], string.format(format, now + level + cost), 'PX', string.format(format, math.ceil((level + cost) / 1000)))
return 0
`;
