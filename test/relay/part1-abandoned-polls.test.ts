import { beforeAll, expect, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { makeSession, type SlotSession } from '../harness/slot-session.ts';

// Whoever polls and dies takes nothing with it.

let relay: Relay;
beforeAll(async () => {
  relay = await startRelay({ flags: ['--long-poll', '60s'] });
  return relay.stop;
});

async function waitAsListener(session: SlotSession) {
  const poll = await session.waitForCommand();
  await eventually('the relay has seen the listener', 5_000, async () => {
    return (await session.status()).listener_seen_seconds_ago !== null;
  });
  return poll;
}

test('a listener killed while it waits does not eat the next command', async () => {
  const session = await makeSession(relay);
  const dead = await waitAsListener(session);
  await dead.kill();
  expect((await session.push('echo one')).status).toBe(201);
  const next = await session.waitForCommand();
  const taken = await withDeadline(next.answer, 5_000, 'the next listener gets the command');
  expect(taken.status).toBe(200);
  expect(taken.text).toBe('echo one');
});

test('ten listeners killed one after the other do not eat the next command', async () => {
  const session = await makeSession(relay);
  for (let round = 0; round < 10; round += 1) {
    const dead = await waitAsListener(session);
    await dead.kill();
  }
  await session.push('echo one');
  expect(await session.status()).toMatchObject({ cmd_queued: true, cmd_in_flight: false });
  expect((await session.take()).text).toBe('echo one');
});

test('when the first of two waiting listeners is killed, the second gets the command', async () => {
  const session = await makeSession(relay);
  const first = await waitAsListener(session);
  const second = await session.waitForCommand();
  await first.kill();
  await session.push('echo one');
  const taken = await withDeadline(second.answer, 5_000, 'the second listener gets the command');
  expect(taken.text).toBe('echo one');
});

test('when the second of two waiting listeners is killed, the first gets the command', async () => {
  const session = await makeSession(relay);
  const first = await waitAsListener(session);
  const second = await session.waitForCommand();
  await second.kill();
  await session.push('echo one');
  const taken = await withDeadline(first.answer, 5_000, 'the first listener gets the command');
  expect(taken.text).toBe('echo one');
});

test('a reader killed while it waits does not eat the result', async () => {
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

test('when the first of two waiting readers is killed, the second gets the result', async () => {
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
