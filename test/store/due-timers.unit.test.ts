import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DueTimers } from '../../src/store/due-timers.ts';
import { createRandom } from '../harness/random.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Timers for sessions with these deadlines. `rung`: the sessions in the order of their rings; a ring removes the session. */
function openTimers(dues: Map<string, number>): { timers: DueTimers; rung: string[] } {
  const rung: string[] = [];
  const timers = new DueTimers({ now: () => Date.now(), dueOf: (name) => dues.get(name) });
  timers.start(async (name) => {
    expect(Date.now()).toBeGreaterThanOrEqual(dues.get(name) ?? Infinity);
    rung.push(name);
    dues.delete(name);
  }, dues.keys());
  return { timers, rung };
}

test('many sessions, some moved, some forgotten: each rings once, in the order of the deadlines', async () => {
  const random = createRandom(7);
  const start = Date.now();
  const draw = (): number => start + random.below(1_000_000) * 100;
  const dues = new Map(Array.from({ length: 3_000 }, (_, nth) => [`s${nth}`, draw()]));
  const { timers, rung } = openTimers(dues);
  for (const [nth, name] of [...dues.keys()].entries()) {
    if (nth % 3 === 0) {
      timers.forget(name);
      dues.delete(name);
    } else if (nth % 3 === 1) {
      dues.set(name, draw());
      timers.follow(name);
    }
  }
  const expected = [...dues].toSorted((a, b) => a[1] - b[1]).map(([, due]) => due);
  const pointOf = new Map(dues);
  await vi.advanceTimersByTimeAsync(1_000_000 * 100 + 1_000);
  expect(rung.map((name) => pointOf.get(name))).toEqual(expected);
  expect(vi.getTimerCount()).toBe(0);
});

test('a deadline that moves earlier 5,000 times: one ring, one timer', async () => {
  const dues = new Map([['s', Date.now() + 1_000_000]]);
  const { timers, rung } = openTimers(dues);
  for (let step = 1; step <= 5_000; step += 1) {
    dues.set('s', Date.now() + 1_000_000 - step);
    timers.follow('s');
  }
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(1_000_000);
  expect(rung).toEqual(['s']);
});
