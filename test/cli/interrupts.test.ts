import { expect, test } from 'vitest';
import { onInterrupt } from '../../src/cli/interrupts.ts';
import { withDeadline } from '../harness/deadline.ts';

// SIGHUP: nobody but the code under test listens for it in a worker of the tests.

test('a signal that comes while one hands over to the next reaches the next', async () => {
  const first: number[] = [];
  const letGo = onInterrupt((count) => first.push(count));
  // It has arrived when this returns, and is told to nobody before the event loop turns.
  process.kill(process.pid, 'SIGHUP');
  letGo();
  let letGoToo = (): void => {};
  const heard = new Promise<[number, boolean]>((resolve) => {
    letGoToo = onInterrupt((count, isUrgent) => resolve([count, isUrgent]));
  });
  expect(await withDeadline(heard, 5_000, 'the next hears of it')).toEqual([1, true]);
  letGoToo();
  expect(first).toEqual([]);
});

test('all who listen hear of it, each with a count of its own', async () => {
  const heard: string[] = [];
  const hear = (name: string) => {
    let resolve = (): void => {};
    const done = new Promise<void>((settle) => {
      resolve = settle;
    });
    const letGo = onInterrupt((count) => {
      heard.push(`${name} ${count}`);
      resolve();
    });
    return { letGo, done };
  };
  const one = hear('one');
  process.kill(process.pid, 'SIGHUP');
  await withDeadline(one.done, 5_000, 'one hears of it');
  const two = hear('two');
  process.kill(process.pid, 'SIGHUP');
  await withDeadline(two.done, 5_000, 'two hears of it');
  one.letGo();
  two.letGo();
  expect(heard).toEqual(['one 1', 'one 2', 'two 1']);
});
