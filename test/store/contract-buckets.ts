import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/protocol/errors.ts';
import { type OpenStore, refusalOf } from './store-kit.ts';

const hour = 3_600;

export function describeBuckets(open: OpenStore): void {
  describe('rate limits', () => {
    test('a bucket gives its count and its burst, then refuses with Retry-After in seconds', async () => {
      const { store } = await open();
      const rate = { count: 3, perSeconds: hour, burst: 2 };
      for (let taken = 0; taken < 5; taken += 1) await store.take('192.0.2.7', rate);
      const error = await store.take('192.0.2.7', rate).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Refusal);
      expect(error).toHaveProperty('code', 'rate_limited');
      const after = (error as Refusal).headers['retry-after'] ?? '';
      expect(after).toMatch(/^[1-9]\d*$/);
      expect(Number(after)).toBeLessThanOrEqual(hour);
      expect(error).toHaveProperty('message', expect.stringContaining(`try again in ${after} s`));
    });

    test('requests at once do not pass the limit together', async () => {
      const { store } = await open();
      const rate = { count: 4, perSeconds: hour, burst: 0 };
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => refusalOf(store.take('192.0.2.7', rate))),
      );
      expect(answers.filter((answer) => answer === undefined)).toHaveLength(4);
      expect(answers.filter((answer) => answer === 'rate_limited')).toHaveLength(16);
    });

    test('buckets do not count for each other, nor do different rates', async () => {
      const { store } = await open();
      const rate = { count: 1, perSeconds: hour, burst: 0 };
      await store.take('one', rate);
      expect(await refusalOf(store.take('one', rate))).toBe('rate_limited');
      await store.take('other', rate);
      await store.take('one', { ...rate, count: 2 });
    });
  });
}
