/** Rate limits: throws a refusal with Retry-After when a bucket is full. */
import { Refusal } from '../protocol/errors.ts';
import { type Bucket, createBucket, pour } from './leaky-bucket.ts';
import type { Rate } from './store.ts';

/** Adds one request to the bucket of this name: resolves with 0, or with the ms after which one fits. */
export type Pour = (name: string, bucket: Bucket) => Promise<number>;

/** Buckets in this process, with a monotonic clock. */
export function createMemoryBuckets(now = () => Math.round(performance.now() * 1000)): Pour {
  // In the order of the last accepted request: empty buckets are at the front, or soon will be.
  const emptyAt = new Map<string, number>();
  return async (name, bucket) => {
    const at = now();
    for (const [other, until] of emptyAt) {
      if (until > at) break;
      emptyAt.delete(other);
    }
    const poured = pour(emptyAt.get(name) ?? 0, at, bucket);
    if (poured.wait > 0) return Math.ceil(poured.wait / 1000);
    emptyAt.delete(name);
    emptyAt.set(name, poured.emptyAt);
    return 0;
  };
}

export class RateLimits {
  readonly #pour: Pour;

  constructor(pourInto: Pour = createMemoryBuckets()) {
    this.#pour = pourInto;
  }

  /** Resolves, or throws `rate_limited` with Retry-After in seconds. */
  async take(bucket: string, rate: Rate): Promise<void> {
    const name = `${rate.count}/${rate.perSeconds}+${rate.burst}:${bucket}`;
    const waitMs = await this.#pour(name, createBucket(rate));
    if (waitMs === 0) return;
    const seconds = Math.ceil(waitMs / 1000);
    throw new Refusal('rate_limited', `try again in ${seconds} s`, { 'retry-after': String(seconds) });
  }
}
