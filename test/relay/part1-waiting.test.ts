import { expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeSession, type SlotSession } from '../harness/slot-session.ts';
import { useRelay } from '../harness/use-relay.ts';

// A poll lasts 60 s here: a response within 5 s is not caused by its end.
const soonMs = 5_000;

const relay = useRelay({ flags: ['--long-poll', '60s'] });

/** A poll that the relay has received. */
async function waitAsListener(session: SlotSession) {
  const poll = await session.waitForCommand();
  await eventually('the relay has seen the listener', 5_000, async () => {
    return (await session.status()).listener_seen_seconds_ago !== null;
  });
  return poll;
}

test('a waiting listener gets the command when it is pushed', async () => {
  const session = await makeSession(relay);
  const poll = await waitAsListener(session);
  await session.push('echo one');
  const taken = await withDeadline(poll.answer, soonMs, 'the waiting listener gets the command');
  expect(taken.status).toBe(200);
  expect(taken.text).toBe('echo one');
  expect(await session.status()).toMatchObject({ cmd_queued: false, cmd_in_flight: true });
});

test('a waiting reader gets the result when it is posted', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  const reader = await session.waitForResult();
  await session.answer('one\n');
  const read = await withDeadline(reader.answer, soonMs, 'the waiting reader gets the result');
  expect(read.status).toBe(200);
  expect(read.text).toBe('one\n');
  expect((await session.status()).result_queued).toBe(false);
});

test('a reader that waited before the push gets the result', async () => {
  const session = await makeSession(relay);
  const reader = await session.waitForResult();
  await session.push('echo one');
  await session.take();
  expect(reader.isRunning()).toBe(true);
  await session.answer('one\n');
  const read = await withDeadline(reader.answer, soonMs, 'the waiting reader gets the result');
  expect(read.text).toBe('one\n');
});

test('a waiting reader gets an empty result', async () => {
  const session = await makeSession(relay);
  await session.push('true');
  await session.take();
  const reader = await session.waitForResult();
  await session.answer('');
  const read = await withDeadline(reader.answer, soonMs, 'the waiting reader gets the empty result');
  expect(read.status).toBe(200);
  expect(read.body).toHaveLength(0);
});

test('two waiting listeners: one gets the first command, the other one the next', async () => {
  const session = await makeSession(relay);
  const polls = [await waitAsListener(session), await session.waitForCommand()];
  await session.push('echo one');
  const first = await withDeadline(
    Promise.race(polls.map((poll) => poll.answer)),
    soonMs,
    'one listener gets it',
  );
  expect(first.text).toBe('echo one');
  // A round trip later the other listener is still waiting.
  await session.status();
  expect(polls.filter((poll) => poll.isRunning())).toHaveLength(1);
  await session.push('echo two');
  const both = await withDeadline(
    Promise.all(polls.map((poll) => poll.answer)),
    soonMs,
    'the other gets the next',
  );
  expect(both.map((answer) => answer.status)).toEqual([200, 200]);
  expect(both.map((answer) => answer.text).sort()).toEqual(['echo one', 'echo two']);
});

test('two waiting readers: one gets the result, the other one keeps waiting', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  const readers = [await session.waitForResult(), await session.waitForResult()];
  await session.answer('one\n');
  const first = await withDeadline(
    Promise.race(readers.map((reader) => reader.answer)),
    soonMs,
    'one gets it',
  );
  expect(first.text).toBe('one\n');
  await session.status();
  expect(readers.filter((reader) => reader.isRunning())).toHaveLength(1);
  await Promise.all(readers.map((reader) => reader.kill()));
});

test('?nowait=1 does not wait', async () => {
  const session = await makeSession(relay);
  const [command, result] = await withDeadline(
    Promise.all([session.take(), session.read()]),
    soonMs,
    'both slots answer at once',
  );
  expect(command.status).toBe(204);
  expect(result.status).toBe(204);
});

test('end of the session: a waiting listener and a waiting reader get 410', async () => {
  const session = await makeSession(relay);
  const listener = await waitAsListener(session);
  const reader = await session.waitForResult();
  expect((await curl(['-X', 'DELETE', session.urls.api])).status).toBe(204);
  const told = await withDeadline(listener.answer, soonMs, 'the waiting listener learns of the end');
  expect(told.status).toBe(410);
  expect(told.headers['cache-control']).toMatch(/no-store/);
  expect((await withDeadline(reader.answer, soonMs, 'the waiting reader learns of the end')).status).toBe(
    410,
  );
});

test('polls of one session do not delay another session', async () => {
  const [busy, other] = [await makeSession(relay), await makeSession(relay)];
  const polls = await Promise.all([1, 2, 3, 4].map(() => busy.waitForCommand()));
  const taken = await withDeadline(
    other.push('echo other').then(() => other.take()),
    soonMs,
    'the other session answers',
  );
  expect(taken.text).toBe('echo other');
  await Promise.all(polls.map((poll) => poll.kill()));
});
