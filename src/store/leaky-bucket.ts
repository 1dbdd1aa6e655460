/**
 * The arithmetic of rate limits, that of nginx's limit_req with nodelay: a bucket that leaks at the rate. It is counted in microseconds:
 * a request adds the time that the rate allows between two requests, and the clock takes it away again.
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

/** The wait is 0 where the request fits; else nothing was added, and a request fits after so many microseconds. */
export interface Poured {
  readonly emptyAt: number;
  readonly wait: number;
}

/** `emptyAt` is the point at which the bucket is empty if nothing is added. */
export function pour(emptyAt: number, now: number, { cost, capacity }: Bucket): Poured {
  // A clock that was set back must not make the bucket fuller than it can be.
  const level = Math.min(Math.max(emptyAt - now, 0), capacity);
  const wait = Math.max(level + cost - capacity, 0);
  return { emptyAt: now + level + (wait > 0 ? 0 : cost), wait };
}

/** The same inside Redis, whose clock all relays share. KEYS: the bucket; ARGV: the cost, -, the capacity. Answers the new level and the wait in ms. */
export const pourScript = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local cost, capacity = tonumber(ARGV[1]), tonumber(ARGV[3])
local level = math.min(math.max((tonumber(redis.call('GET', KEYS[1])) or 0) - now, 0), capacity)
local wait = level + cost - capacity
if wait > 0 then return {level + cost, math.ceil(wait / 1000)} end
local format = '%.0f'
redis.call('SET', KEYS[1], string.format(format, now + level + cost), 'PX', string.format(format, math.ceil((level + cost) / 1000)))
return {level + cost, 0}
`;
