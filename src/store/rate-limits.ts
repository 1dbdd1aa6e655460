/** How often something may be done. */
import {
  BurstyRateLimiter,
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import { Refusal } from '../protocol/errors.ts';
import type { Rate } from './store.ts';

/** `prefix` tells limiters apart that count in the same place. */
export type CreateLimiter = (prefix: string, points: number, seconds: number) => RateLimiterAbstract;

/** Counts in this process. */
const createInMemory: CreateLimiter = (keyPrefix, points, duration) =>
  new RateLimiterMemory({ keyPrefix, points, duration });

export class RateLimits {
  readonly #limiters = new Map<string, BurstyRateLimiter>();
  readonly #create: CreateLimiter;

  constructor(create: CreateLimiter = createInMemory) {
    this.#create = create;
  }

  #createLimiter(key: string, { count, perSeconds, burst }: Rate): BurstyRateLimiter {
    return new BurstyRateLimiter(
      this.#create(`${key}:rate`, count, perSeconds),
      // The burst is what may come at once beyond the rate; it fills up again as slowly as the rate allows.
      this.#create(`${key}:burst`, burst, perSeconds),
    );
  }

  /** Resolves, or throws `rate_limited` with Retry-After in seconds. */
  async take(bucket: string, rate: Rate): Promise<void> {
    const key = `${rate.count}/${rate.perSeconds}+${rate.burst}`;
    const limiter = this.#limiters.get(key) ?? this.#createLimiter(key, rate);
    this.#limiters.set(key, limiter);
    try {
      await limiter.consume(bucket);
    } catch (rejected) {
      if (!(rejected instanceof RateLimiterRes)) throw rejected;
      const seconds = Math.max(1, Math.ceil(rejected.msBeforeNext / 1000));
      throw new Refusal('rate_limited', `try again in ${seconds} s`, { 'retry-after': String(seconds) });
    }
  }
}
