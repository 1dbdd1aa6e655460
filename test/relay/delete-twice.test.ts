import { expect, onTestFinished, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually } from '../harness/deadline.ts';
import { openRaw } from '../harness/raw-connection.ts';
import { makeSession, type SlotSession } from '../harness/slot-session.ts';
import { type SpiedRelay, startSpiedRelay } from '../harness/spied-relay.ts';

// Several requests may end a session at once, and it may expire at the same time: the audit log has its end once.

const stores = [
  ['in memory', ['--store', 'memory:']],
  ['on files', []],
] as const;

/** Sends DELETE on `count` connections at the same moment; resolves with the statuses. */
async function deleteAtOnce(relay: { port: number }, { key }: SlotSession, count: number): Promise<number[]> {
  const connections = await Promise.all(Array.from({ length: count }, () => openRaw(relay)));
  for (const connection of connections) onTestFinished(connection.destroy);
  for (const { send } of connections) send(`DELETE /api/session/${key} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  return Promise.all(connections.map(async ({ next }) => (await next()).status));
}

const ends = (relay: SpiedRelay) =>
  relay.lines('audit').filter((line) => / (ended|expired) from /.test(line));

/** Waits for a later event of the same relay: a second end would be in the log before that. */
async function expectOneEnd(relay: SpiedRelay): Promise<void> {
  const before = relay.lines('audit').filter((line) => / created /.test(line)).length;
  await makeSession(relay);
  await eventually('the audit log has a later event', 5_000, () => {
    return relay.lines('audit').filter((line) => / created /.test(line)).length === before + 1;
  });
  expect(ends(relay)).toHaveLength(1);
}

for (const [title, flags] of stores) {
  test.each([2, 10])(
    `%i requests end a session ${title} at once: all get 204, and the audit log has its end once`,
    async (count) => {
      const relay = await startSpiedRelay({ flags: ['--audit-log', ...flags] });
      const session = await makeSession(relay);
      const statuses = await deleteAtOnce(relay, session, count);
      // A request that finds the session gone gets 204 as well.
      expect(statuses.filter((status) => status !== 204)).toEqual([]);
      await expectOneEnd(relay);
      expect((await curl([session.urls.api])).status).toBe(410);
    },
  );
}

test('ten DELETE at once of a session with a queue and a held poll: one end in the audit log, and the poll gets 410', async () => {
  const relay = await startSpiedRelay({ flags: ['--audit-log'] });
  const session = await makeSession(relay);
  const poll = await session.waitForResult();
  await curl(['--data-binary', 'true', `${session.urls.api}/commands`]);
  const statuses = await deleteAtOnce(relay, session, 10);
  expect(statuses.filter((status) => status !== 204)).toEqual([]);
  expect((await poll.answer).status).toBe(410);
  await expectOneEnd(relay);
});

test('DELETE at the moment at which the session expires: one end in the audit log, ended or expired', {
  timeout: 60_000,
}, async () => {
  const relay = await startSpiedRelay({ flags: ['--audit-log', '--session-ttl', '1s'] });
  for (let round = 1; round <= 6; round += 1) {
    const session = await makeSession(relay);
    const madeAt = performance.now();
    // It expires about 1,010 ms after its creation: the TTL and its granularity.
    await eventually(
      'the session is about to expire',
      5_000,
      () => performance.now() - madeAt > 990 + 6 * round,
      1,
    );
    const statuses = await deleteAtOnce(relay, session, 4);
    expect(statuses.filter((status) => status !== 204)).toEqual([]);
    await eventually('the audit log has its end', 5_000, () => ends(relay).length >= round);
    expect(ends(relay)).toHaveLength(round);
  }
  await makeSession(relay);
  expect(ends(relay)).toHaveLength(6);
});

test('DELETE of a session that is gone or never existed: 204; other requests with its key: 410', async () => {
  const relay = await startSpiedRelay({ flags: ['--audit-log'] });
  const session = await makeSession(relay);
  expect((await curl(['-X', 'DELETE', session.urls.api])).status).toBe(204);
  const bearer = ['-H', `Authorization: Bearer ${session.key}`, `${relay.url}/api/session/self`];
  for (const target of [[session.urls.api], bearer, [`${relay.url}/api/session/${'0'.repeat(32)}`]]) {
    const again = await curl(['-X', 'DELETE', ...target]);
    expect([again.status, again.text, again.headers['remotify-error']]).toEqual([204, '', 'gone']);
    expect((await curl(target)).status).toBe(410);
  }
  expect((await curl(['-X', 'DELETE', session.urls.cmd])).status).toBe(410);
  expect((await curl(['-X', 'DELETE', `${relay.url}/api/session/0`])).status).toBe(404);
  expect((await curl(['-X', 'DELETE', `${relay.url}/api/session/self`])).status).toBe(401);
  await expectOneEnd(relay);
});

test('DELETE with the listener key of a live session: 403', async () => {
  const relay = await startSpiedRelay({ flags: [] });
  const session = await makeSession(relay);
  const { listener_key: listenerKey } = (await curl([session.urls.api])).json<{ listener_key: string }>();
  const answer = await curl(['-X', 'DELETE', `${relay.url}/api/session/${listenerKey}`]);
  expect([answer.status, answer.headers['remotify-error']]).toEqual([403, 'listener_key']);
  expect((await curl([session.urls.api])).status).toBe(200);
});
