import { expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeSession } from '../harness/slot-session.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay({ flags: ['--long-poll', '60s'] });

const seconds = expect.any(Number);

test('status after push, pickup, result, read and end: the fields match each step', async () => {
  const session = await makeSession(relay);
  expect(await session.status()).toMatchObject({
    cmd_queued: false,
    result_queued: false,
    cmd_in_flight: false,
    cmd_in_flight_seconds_ago: null,
    listener_seen_seconds_ago: null,
  });

  await session.push('echo one');
  expect(await session.status()).toMatchObject({
    cmd_queued: true,
    result_queued: false,
    cmd_in_flight: false,
    cmd_in_flight_seconds_ago: null,
    listener_seen_seconds_ago: null,
  });

  await session.take();
  expect(await session.status()).toMatchObject({
    cmd_queued: false,
    result_queued: false,
    cmd_in_flight: true,
    cmd_in_flight_seconds_ago: seconds,
    listener_seen_seconds_ago: seconds,
  });

  await session.answer('one\n');
  expect(await session.status()).toMatchObject({
    cmd_queued: false,
    result_queued: true,
    cmd_in_flight: false,
    cmd_in_flight_seconds_ago: null,
    listener_seen_seconds_ago: seconds,
  });

  await session.read();
  expect(await session.status()).toMatchObject({
    cmd_queued: false,
    result_queued: false,
    cmd_in_flight: false,
    cmd_in_flight_seconds_ago: null,
    listener_seen_seconds_ago: seconds,
  });

  await curl(['-X', 'DELETE', session.urls.api]);
  expect((await curl([`${session.urls.api}/status`])).status).toBe(410);
});

test('three status requests: the queued command and the result stay', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.answer('a result\n');
  for (let round = 0; round < 3; round += 1) {
    expect(await session.status()).toMatchObject({ cmd_queued: true, result_queued: true });
  }
  expect((await session.take()).text).toBe('echo one');
});

test('listener with a held poll: listener_seen_seconds_ago is less than 5', async () => {
  const session = await makeSession(relay);
  const poll = await session.waitForCommand();
  await eventually('the listener is seen', 5_000, async () => {
    const { listener_seen_seconds_ago: ago } = await session.status();
    return ago !== null && ago >= 0 && ago < 5;
  });
  await poll.kill();
});

test('command in flight: cmd_in_flight_seconds_ago grows', async () => {
  const session = await makeSession(relay);
  await session.push('sleep 100');
  await session.take();
  await eventually('one second since the pickup', 10_000, async () => {
    const { cmd_in_flight_seconds_ago: ago } = await session.status();
    return ago !== null && ago >= 1 && ago < 10;
  });
});

test('reset with a queued command and one in flight: the response lists what it cleared', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  await session.push('echo two');
  const reset = await curl(['-X', 'POST', `${session.urls.api}/reset`]);
  expect(reset.status).toBe(200);
  expect(reset.json()).toEqual({
    reset: true,
    cleared: { cmd_queued: true, result_queued: false, cmd_was_in_flight: true },
  });
  expect(await session.status()).toMatchObject({
    cmd_queued: false,
    result_queued: false,
    cmd_in_flight: false,
    cmd_in_flight_seconds_ago: null,
  });
  expect((await session.take()).status).toBe(204);
});

test('reset with an unread result: the result is dropped', async () => {
  const session = await makeSession(relay);
  await session.answer('a result\n');
  const reset = await curl(['-X', 'POST', `${session.urls.api}/reset`]);
  expect(reset.json()).toEqual({
    reset: true,
    cleared: { cmd_queued: false, result_queued: true, cmd_was_in_flight: false },
  });
  expect((await session.read()).status).toBe(204);
});

test('reset of an empty session: the response lists nothing as cleared', async () => {
  const session = await makeSession(relay);
  const reset = await curl(['-X', 'POST', `${session.urls.api}/reset`]);
  expect(reset.status).toBe(200);
  expect(reset.json()).toEqual({
    reset: true,
    cleared: { cmd_queued: false, result_queued: false, cmd_was_in_flight: false },
  });
});

test('reset while a listener waits: its poll stays held and gets the next command, and the key stays valid', async () => {
  const session = await makeSession(relay);
  const poll = await session.waitForCommand();
  await eventually(
    'the listener is seen',
    5_000,
    async () => (await session.status()).listener_seen_seconds_ago !== null,
  );
  expect((await curl(['-X', 'POST', `${session.urls.api}/reset`])).status).toBe(200);
  expect(poll.isRunning()).toBe(true);
  expect((await session.push('echo after')).status).toBe(201);
  const taken = await withDeadline(poll.answer, 5_000, 'the waiting listener gets the command');
  expect(taken.status).toBe(200);
  expect(taken.text).toBe('echo after');
});
