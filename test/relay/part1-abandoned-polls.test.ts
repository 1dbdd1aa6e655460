import { expect, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeSession, type SlotSession } from '../harness/slot-session.ts';
import { useRelay } from '../harness/use-relay.ts';

// A poll whose client is killed consumes nothing.

const relay = useRelay({ flags: ['--long-poll', '60s'] });

async function waitAsListener(session: SlotSession) {
  const poll = await session.waitForCommand();
  await eventually('the relay has seen the listener', 5_000, async () => {
    return (await session.status()).listener_seen_seconds_ago !== null;
  });
  return poll;
}

test('listener killed during its poll: the next listener gets the command', async () => {
  const session = await makeSession(relay);
  const dead = await waitAsListener(session);
  await dead.kill();
  expect((await session.push('echo one')).status).toBe(201);
  const next = await session.waitForCommand();
  const taken = await withDeadline(next.answer, 5_000, 'the next listener gets the command');
  expect(taken.status).toBe(200);
  expect(taken.text).toBe('echo one');
});

test('ten listeners killed during their polls, one after the other: the command stays queued', async () => {
  const session = await makeSession(relay);
  for (let round = 0; round < 10; round += 1) {
    const dead = await waitAsListener(session);
    await dead.kill();
  }
  await session.push('echo one');
  expect(await session.status()).toMatchObject({ cmd_queued: true, cmd_in_flight: false });
  expect((await session.take()).text).toBe('echo one');
});

test('first of two waiting listeners killed: the second gets the command', async () => {
  const session = await makeSession(relay);
  const first = await waitAsListener(session);
  const second = await session.waitForCommand();
  await first.kill();
  await session.push('echo one');
  const taken = await withDeadline(second.answer, 5_000, 'the second listener gets the command');
  expect(taken.text).toBe('echo one');
});

test('second of two waiting listeners killed: the first gets the command', async () => {
  const session = await makeSession(relay);
  const first = await waitAsListener(session);
  const second = await session.waitForCommand();
  await second.kill();
  await session.push('echo one');
  const taken = await withDeadline(first.answer, 5_000, 'the first listener gets the command');
  expect(taken.text).toBe('echo one');
});

test('reader killed during its poll: the next reader gets the result', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  const dead = await session.waitForResult();
  await session.status();
  await dead.kill();
  expect((await session.answer('one\n')).status).toBe(201);
  expect((await session.status()).result_queued).toBe(true);
  const read = await session.read();
  expect(read.status).toBe(200);
  expect(read.text).toBe('one\n');
});

test('first of two waiting readers killed: the second gets the result', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  const first = await session.waitForResult();
  const second = await session.waitForResult();
  await first.kill();
  await session.answer('one\n');
  const read = await withDeadline(second.answer, 5_000, 'the second reader gets the result');
  expect(read.text).toBe('one\n');
});
