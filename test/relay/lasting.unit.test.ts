import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Lasting } from '../../src/relay/lasting.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

function collect(afterMs: number): { told: string[]; lasting: Lasting<string> } {
  const told: string[] = [];
  return { told, lasting: new Lasting<string>(afterMs, (entry) => told.push(entry)) };
}

test('calls back once for each entry, after the fixed time', () => {
  const { told, lasting } = collect(1_000);
  lasting.add('first');
  vi.advanceTimersByTime(400);
  lasting.add('second');
  vi.advanceTimersByTime(599);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual(['first']);
  vi.advanceTimersByTime(399);
  expect(told).toEqual(['first']);
  vi.advanceTimersByTime(1);
  expect(told).toEqual(['first', 'second']);
  vi.advanceTimersByTime(10_000);
  expect(told).toEqual(['first', 'second']);
});

test('removed entry: no call back for it, but for the entries after it', () => {
  const { told, lasting } = collect(1_000);
  lasting.add('first');
  vi.advanceTimersByTime(10);
  lasting.add('second');
  lasting.remove('first');
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual(['second']);
});

test('entry added again by its own call back: called back again after the same time', () => {
  const told: number[] = [];
  const lasting = new Lasting<string>(1_000, (entry) => {
    told.push(performance.now());
    if (told.length < 3) lasting.add(entry);
  });
  const began = performance.now();
  lasting.add('only');
  vi.advanceTimersByTime(10_000);
  expect(told.map((at) => at - began)).toEqual([1_000, 2_000, 3_000]);
});

test('entry added again by its own call back: the other entries are called back on time', () => {
  const told: [string, number][] = [];
  const began = performance.now();
  const lasting = new Lasting<string>(1_000, (entry) => {
    told.push([entry, performance.now() - began]);
    if (told.length < 4) lasting.add(entry);
  });
  lasting.add('first');
  vi.advanceTimersByTime(50);
  lasting.add('second');
  vi.advanceTimersByTime(10_000);
  expect(told).toEqual([
    ['first', 1_000],
    ['second', 1_050],
    ['first', 2_000],
    ['second', 2_050],
    ['first', 3_000],
  ]);
});

test('all entries removed: no timer is left', () => {
  const { lasting } = collect(1_000);
  lasting.add('only');
  lasting.remove('only');
  vi.advanceTimersByTime(1_000);
  expect(vi.getTimerCount()).toBe(0);
});
