import { expect, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeSession } from '../harness/slot-session.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay({ flags: ['--long-poll', '60s'] });

test('listener polls 3 s after the pickup: a waiting reader gets a note that the listener was replaced', async () => {
  const session = await makeSession(relay);
  await session.push('sleep 1000');
  expect((await session.take()).text).toBe('sleep 1000');
  const reader = await session.waitForResult();
  await eventually('more than two seconds since the pickup', 15_000, async () => {
    return ((await session.status()).cmd_in_flight_seconds_ago ?? 0) >= 3;
  });
  expect(reader.isRunning()).toBe(true);
  expect((await session.take()).status).toBe(204);
  const told = await withDeadline(reader.answer, 5_000, 'the waiting reader gets the note');
  expect(told.status).toBe(200);
  expect(told.text).toMatch(/^\[remotify: /);
  expect((await session.status()).cmd_in_flight).toBe(false);
});

test('listener sends a long poll 3 s after the pickup: a waiting reader gets the note, the poll the next command', async () => {
  const session = await makeSession(relay);
  await session.push('sleep 1000');
  await session.take();
  const reader = await session.waitForResult();
  await eventually('more than two seconds since the pickup', 15_000, async () => {
    return ((await session.status()).cmd_in_flight_seconds_ago ?? 0) >= 3;
  });
  const replacement = await session.waitForCommand();
  const told = await withDeadline(reader.answer, 5_000, 'the waiting reader gets the note');
  expect(told.text).toMatch(/^\[remotify: /);
  // The new listener gets the next command.
  await session.push('echo after');
  const taken = await withDeadline(replacement.answer, 5_000, 'the new listener gets the next command');
  expect(taken.text).toBe('echo after');
});

test('poll right after the pickup: the command stays in flight', async () => {
  const session = await makeSession(relay);
  await session.push('sleep 1000');
  await session.take();
  await session.take();
  expect((await session.read()).status).toBe(204);
  expect((await session.status()).cmd_in_flight).toBe(true);
  await session.answer('slept\n');
  expect((await session.read()).text).toBe('slept\n');
});
