/** Starts Redis servers, proxies and stores for the tests of the Redis store, and stops them after the test. */
import { expect, onTestFinished } from 'vitest';
import { Refusal } from '../../src/protocol/errors.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { DueAt, Store } from '../../src/store/store.ts';
import { eventually } from '../harness/deadline.ts';
import { type Redis, type RedisOptions, startRedis } from '../harness/redis.ts';
import { type RedisProxy, startRedisProxy } from '../harness/redis-proxy.ts';
import { forTest } from '../harness/for-test.ts';

export async function startOwnRedis(options: RedisOptions = {}): Promise<Redis> {
  const redis = await forTest(startRedis(options));
  return redis;
}

export async function startOwnProxy(redis: Redis): Promise<RedisProxy> {
  const proxy = await forTest(startRedisProxy(redis));
  return proxy;
}

/** The warnings of each store. */
export const warnings = new WeakMap<Store, string[]>();

/** Opens a store that the caller must close. */
export async function openAt({ url }: { url: string }, dueAt?: DueAt): Promise<Store> {
  const lines: string[] = [];
  const store = await openStore(url, { warn: (line) => void lines.push(line), ...(dueAt && { dueAt }) });
  warnings.set(store, lines);
  return store;
}

/** Opens a store that is closed after the test. */
export async function openOwn(place: { url: string }, dueAt?: DueAt): Promise<Store> {
  const store = await openAt(place, dueAt);
  onTestFinished(() => store.close());
  return store;
}

/** The error message of a failed attempt, which must not contain the password. */
export async function messageOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('the attempt did not fail');
  expect(error.message).not.toContain('sesame');
  return error.message;
}

/** Retries while the store answers `storage_busy`, as relays and clients do. Only for repeatable work. */
export async function insist<T>(name: string, work: () => Promise<T>, ms = 15_000): Promise<T> {
  const done = await eventually(name, ms, async () => {
    try {
      return { value: await work() };
    } catch (error) {
      if (error instanceof Refusal && error.code === 'storage_busy') return undefined;
      return { error };
    }
  });
  if ('error' in done) throw done.error;
  return done.value;
}
