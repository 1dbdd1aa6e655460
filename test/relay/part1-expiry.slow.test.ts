import { describe, expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { makeSession, type SlotSession } from '../harness/slot-session.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay({ flags: ['--session-ttl', '1s', '--long-poll', '60s'] });

/** Each request restarts the TTL, so this polls rarely. */
async function expire(session: SlotSession) {
  await eventually(
    'the session expires',
    15_000,
    async () => (await curl([session.urls.api])).status === 410,
    2_500,
  );
}

describe('expired session: 410:', () => {
  test.each([
    ['GET', '/api/session/KEY'],
    ['GET', '/api/session/KEY/status'],
    ['POST', '/api/session/KEY/reset'],
    ['POST', '/cmd-KEY'],
    ['GET', '/cmd-KEY?nowait=1'],
    ['DELETE', '/cmd-KEY'],
    ['POST', '/result-KEY'],
    ['GET', '/result-KEY?nowait=1'],
    ['DELETE', '/result-KEY'],
  ])('%s %s', { concurrent: true }, async (method, path) => {
    const session = await makeSession(relay);
    await session.push('echo one');
    await session.answer('a result\n');
    await expire(session);
    const body = method === 'POST' ? ['--data-binary', 'echo two'] : [];
    const url = relay.url + path.replace('KEY', session.key);
    expect((await curl(['-X', method, ...body, url])).status).toBe(410);
  });
});

test('GET /r/KEY of an expired session: a script that reports that the session has ended', async () => {
  const session = await makeSession(relay);
  await expire(session);
  const { status, text } = await curl([session.urls.runner]);
  expect(status).toBe(200);
  expect(text).toContain('this session has ended');
});

test('session payload: ttl_seconds is the TTL of the relay', async () => {
  expect((await makeSession(relay)).ttl_seconds).toBe(1);
});

test('requests more often than the TTL: the session does not expire', async () => {
  const session = await makeSession(relay);
  const madeAt = performance.now();
  await eventually(
    'three times the TTL, with a request every 0.2 s',
    15_000,
    async () => {
      expect((await session.read()).status).toBe(204);
      return performance.now() - madeAt > 3_000;
    },
    200,
  );
  expect((await curl([session.urls.api])).status).toBe(200);
});

test('listener with a held poll for longer than the TTL: the session does not expire', async () => {
  const session = await makeSession(relay);
  const poll = await session.waitForCommand();
  await untilPassed('three times the TTL, with a listener', 3_000);
  expect((await session.push('echo one')).status).toBe(201);
  const taken = await withDeadline(poll.answer, 5_000, 'the waiting listener gets the command');
  expect(taken.status).toBe(200);
  expect(taken.text).toBe('echo one');
});

test('command in flight for longer than the TTL: the session does not expire', async () => {
  const session = await makeSession(relay);
  await session.push('sleep 1000');
  expect((await session.take()).status).toBe(200);
  await untilPassed('three times the TTL, with a command in flight', 3_000);
  expect((await session.answer('slept\n')).status).toBe(201);
  expect((await session.read()).text).toBe('slept\n');
});

test('new session after an expired one: it has another key and no command of the old one', async () => {
  const old = await makeSession(relay);
  await old.push('echo old');
  await expire(old);
  const session = await makeSession(relay);
  expect(session.key).not.toBe(old.key);
  expect((await session.take()).status).toBe(204);
});
