import { expect, onTestFinished, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeSession } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

/** A relay that can be stopped and started again on the same store and port. */
async function startLastingRelay(flags: string[] = []) {
  const folder = await forTest(makeTemporaryFolder());
  const store = `file:${folder.path}/store`;
  let relay = await startRelay({ store, flags });
  onTestFinished(() => relay.stop());
  return {
    url: relay.url,
    restartAfter: async (signal: 'SIGKILL' | 'SIGTERM') => {
      const exit = await relay.kill(signal);
      await relay.stop();
      relay = await startRelay({ store, flags, port: relay.port });
      return exit;
    },
    end: () => relay.kill('SIGTERM'),
  };
}

test.each(['SIGKILL', 'SIGTERM'] as const)(
  '%s between push and pickup: the command stays queued',
  async (signal) => {
    const relay = await startLastingRelay();
    const session = await makeSession(relay);
    expect((await session.push('echo one')).status).toBe(201);
    await relay.restartAfter(signal);
    expect(await session.status()).toMatchObject({ cmd_queued: true, cmd_in_flight: false });
    const taken = await session.take();
    expect(taken.status).toBe(200);
    expect(taken.text).toBe('echo one');
    expect((await session.take()).status).toBe(204);
  },
);

test.each(['SIGKILL', 'SIGTERM'] as const)(
  '%s between pickup and result: the command stays in flight, and its result is accepted',
  async (signal) => {
    const relay = await startLastingRelay();
    const session = await makeSession(relay);
    await session.push('echo one');
    await session.take();
    await relay.restartAfter(signal);
    expect(await session.status()).toMatchObject({ cmd_queued: false, cmd_in_flight: true });
    expect((await session.answer('one\n')).status).toBe(201);
    expect((await session.read()).text).toBe('one\n');
  },
);

test.each(['SIGKILL', 'SIGTERM'] as const)('%s between post and read: the result stays', async (signal) => {
  const relay = await startLastingRelay();
  const session = await makeSession(relay);
  const result = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  await session.push('cat picture');
  await session.take();
  expect((await session.answer(result)).status).toBe(201);
  await relay.restartAfter(signal);
  expect((await session.status()).result_queued).toBe(true);
  const read = await session.read();
  expect(read.status).toBe(200);
  expect(read.body).toEqual(result);
});

test('SIGKILL after a command and its result were taken: both slots stay empty', async () => {
  const relay = await startLastingRelay();
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  await session.answer('one\n');
  await session.read();
  // The relay empties the slot after it has written the response: a crash in between may deliver a result twice, but loses none.
  await eventually('the slot is empty', 5_000, async () => !(await session.status()).result_queued);
  await relay.restartAfter('SIGKILL');
  expect((await session.take()).status).toBe(204);
  expect((await session.read()).status).toBe(204);
});

test('SIGKILL: the session and its keys stay valid', async () => {
  const relay = await startLastingRelay();
  const session = await makeSession(relay);
  await relay.restartAfter('SIGKILL');
  const again = await curl([session.urls.api]);
  expect(again.status).toBe(200);
  expect(again.json()).toEqual(session.payload);
  expect((await curl([`${relay.url}/r/${session.listener_key}`])).status).toBe(200);
});

test('SIGKILL after DELETE of a session: the session stays gone', async () => {
  const relay = await startLastingRelay();
  const session = await makeSession(relay);
  expect((await curl(['-X', 'DELETE', session.urls.api])).status).toBe(204);
  await relay.restartAfter('SIGKILL');
  expect((await curl([session.urls.api])).status).toBe(410);
});

test('twenty pushes, each followed by SIGKILL immediately: all are stored', { timeout: 60_000 }, async () => {
  const relay = await startLastingRelay();
  const session = await makeSession(relay);
  for (let round = 0; round < 20; round += 1) {
    expect((await session.push(`echo ${round}`)).status).toBe(201);
    await relay.restartAfter('SIGKILL');
    expect((await session.take()).text).toBe(`echo ${round}`);
  }
});

test('SIGTERM with held polls: each gets 204, and the relay exits with 0', async () => {
  const relay = await startLastingRelay(['--long-poll', '60s']);
  const session = await makeSession(relay);
  const polls = [await session.waitForCommand(), await session.waitForResult()];
  await eventually('the relay has seen the listener', 5_000, async () => {
    return (await session.status()).listener_seen_seconds_ago !== null;
  });
  const exit = await relay.end();
  expect(exit).toEqual({ code: 0, signal: null });
  for (const poll of polls) {
    const answer = await withDeadline(poll.answer, 5_000, 'a waiting poll is answered');
    expect(answer.exitCode).toBe(0);
    expect(answer.status).toBe(204);
    expect(answer.headers['cache-control']).toMatch(/no-store/);
  }
});
