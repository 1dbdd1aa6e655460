/** How often something may be done, counted in this process. */
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Refusal } from '../protocol/errors.ts';
import type { Rate } from './store.ts';

function createLimiter({ count, perSeconds, burst }: Rate): BurstyRateLimiter {
  return new BurstyRateLimiter(
    new RateLimiterMemory({ points: count, duration: perSeconds }),
    // The burst is what may come at once beyond the rate; it fills up again as slowly as the rate allows.
    new RateLimiterMemory({ keyPrefix: 'burst', points: burst, duration: perSeconds }),
  );
}

export class RateLimits {
  readonly #limiters = new Map<string, BurstyRateLimiter>();

  /** Resolves, or throws `rate_limited` with Retry-After in seconds. */
  async take(bucket: string, rate: Rate): Promise<void> {
    const key = `${rate.count}/${rate.perSeconds}+${rate.burst}`;
    const limiter = this.#limiters.get(key) ?? createLimiter(rate);
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
