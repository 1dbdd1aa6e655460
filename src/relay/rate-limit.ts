/** How often one address may make a session. */
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Refusal } from '../protocol/errors.ts';
import type { RelayOptions } from './relay-options.ts';

/** One limit per IPv4 address and per IPv6 /64: that is what one subscriber gets. */
export function chooseLimitKey(address: string): string {
  const v4 = address.replace(/^::ffff:(?=\d+\.)/, '');
  if (!v4.includes(':')) return v4;
  const [head = '', tail = ''] = v4.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const full = v4.includes('::')
    ? [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
    : left;
  return `${full.slice(0, 4).join(':')}::/64`;
}

export type RateLimit = (address: string) => Promise<void>;

/** Resolves, or throws `rate_limited` with Retry-After in seconds. */
export function createRateLimit(limit: RelayOptions['rateLimit']): RateLimit {
  if (limit === null) return () => Promise.resolve();
  const { count, perSeconds, burst } = limit;
  const limiter = new BurstyRateLimiter(
    new RateLimiterMemory({ points: count, duration: perSeconds }),
    // The burst is what may come at once beyond the rate; it fills up again as slowly as the rate allows.
    new RateLimiterMemory({ keyPrefix: 'burst', points: burst, duration: perSeconds }),
  );
  return async (address) => {
    try {
      await limiter.consume(chooseLimitKey(address));
    } catch (rejected) {
      if (!(rejected instanceof RateLimiterRes)) throw rejected;
      const seconds = Math.max(1, Math.ceil(rejected.msBeforeNext / 1000));
      throw new Refusal('rate_limited', `try again in ${seconds} s`, { 'retry-after': String(seconds) });
    }
  };
}
