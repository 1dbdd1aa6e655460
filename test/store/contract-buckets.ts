import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/protocol/errors.ts';
import { eventually } from '../harness/deadline.ts';
import { type OpenStore, refusalOf } from './store-kit.ts';

const hour = 3_600;

export function describeBuckets(open: OpenStore): void {
  describe('rate limits', () => {
    test('burst + 1 requests at once pass; the next one is refused, with Retry-After in seconds', async () => {
      const { store } = await open();
      const rate = { count: 3, perSeconds: hour, burst: 2 };
      for (let taken = 0; taken < 3; taken += 1) await store.take('192.0.2.7', rate);
      const error = await store.take('192.0.2.7', rate).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Refusal);
      expect(error).toHaveProperty('code', 'rate_limited');
      const after = (error as Refusal).headers['retry-after'] ?? '';
      expect(after).toMatch(/^[1-9]\d*$/);
      expect(Number(after)).toBeLessThanOrEqual(hour / 3);
      expect(Number(after)).toBeGreaterThan(hour / 3 - 60);
      expect(error).toHaveProperty('message', expect.stringContaining(`try again in ${after} s`));
    });

    test.each([
      { count: 10, perSeconds: 60, burst: 5 },
      { count: 1, perSeconds: hour, burst: 0 },
      { count: 600, perSeconds: hour, burst: 9 },
      { count: 1, perSeconds: 60, burst: 1 },
    ])(
      '20 requests at once at $count per $perSeconds s with a burst of $burst: burst + 1 of them pass',
      async (rate) => {
        const { store } = await open();
        const answers = await Promise.all(
          Array.from({ length: 20 }, () => refusalOf(store.take('192.0.2.7', rate))),
        );
        expect(answers.filter((answer) => answer === undefined)).toHaveLength(rate.burst + 1);
        expect(answers.filter((answer) => answer === 'rate_limited')).toHaveLength(19 - rate.burst);
      },
    );

    test('after a refusal: a request passes once the rate allows it; refused requests do not delay it', async () => {
      const { store } = await open();
      const rate = { count: 1, perSeconds: 2, burst: 1 };
      for (let taken = 0; taken < 2; taken += 1) await store.take('192.0.2.7', rate);
      let refusals = 0;
      await eventually('another request passes', 20_000, async () => {
        if ((await refusalOf(store.take('192.0.2.7', rate))) === undefined) return true;
        refusals += 1;
        return false;
      });
      expect(refusals).toBeGreaterThan(0);
    });

    test('a request counts only against its own bucket and rate', async () => {
      const { store } = await open();
      const rate = { count: 1, perSeconds: hour, burst: 0 };
      await store.take('one', rate);
      expect(await refusalOf(store.take('one', rate))).toBe('rate_limited');
      await store.take('other', rate);
      await store.take('one', { ...rate, count: 2 });
    });
  });
}
