import { expect, test } from 'vitest';
import { onInterrupt } from '../../src/cli/interrupts.ts';
import { withDeadline } from '../harness/deadline.ts';

// These tests use SIGHUP: in a test worker only the code under test listens for it.

test('a signal between the removal of one handler and the next onInterrupt: the next handler gets it', async () => {
  const first: number[] = [];
  const letGo = onInterrupt((count) => first.push(count));
  // The signal has arrived when kill() returns; Node delivers it in the next turn of the event loop.
  process.kill(process.pid, 'SIGHUP');
  letGo();
  let letGoToo = (): void => {};
  const heard = new Promise<[number, boolean]>((resolve) => {
    letGoToo = onInterrupt((count, isUrgent) => resolve([count, isUrgent]));
  });
  expect(await withDeadline(heard, 5_000, 'the next handler is called')).toEqual([1, true]);
  letGoToo();
  expect(first).toEqual([]);
});

test('several handlers: each is called, with a count of its own', async () => {
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
  await withDeadline(one.done, 5_000, 'handler one is called');
  const two = hear('two');
  process.kill(process.pid, 'SIGHUP');
  await withDeadline(two.done, 5_000, 'handler two is called');
  one.letGo();
  two.letGo();
  expect(heard).toEqual(['one 1', 'one 2', 'two 1']);
});
