import { expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeQuotaSession, startRestartable } from './quota-kit.ts';
import { forTest } from '../harness/for-test.ts';

// The relay remembers an Idempotency-Key when it no longer lists the command: a push that is repeated late does not run again.

test('push repeated after 150 later commands: the same cancelled or expired command, also after a restart', {
  timeout: 60_000,
}, async () => {
  const { relay, restart } = await startRestartable();
  const before = await makeQuotaSession(relay);
  const named = (session: typeof before, key: string, query = '') =>
    session.ask('POST', `/commands${query}`, 'true', '-H', `Idempotency-Key: ${key}`);
  expect((await named(before, 'cancelled')).json()).toMatchObject({ id: 'c1' });
  await before.ask('DELETE', '/commands/c1');
  expect((await named(before, 'expired', '?expires=0')).json()).toMatchObject({ id: 'c2' });
  await eventually('the command expires', 5_000, async () => {
    return (await before.ask('GET', '/commands/c2')).json<{ state: string }>().state === 'expired';
  });
  for (let nth = 0; nth < 150; nth += 1) {
    const api = before.slots.urls.api;
    const pushed = await fetch(`${api}/commands`, { method: 'POST', body: 'true' });
    const { id } = (await pushed.json()) as { id: string };
    await fetch(`${api}/commands/${id}`, { method: 'DELETE' });
  }
  const expectSame = async (session: typeof before) => {
    expect((await session.ask('GET', '/commands/c1')).status).toBe(404);
    const cancelled = await named(session, 'cancelled');
    expect([cancelled.status, cancelled.json()]).toEqual([
      201,
      expect.objectContaining({ id: 'c1', state: 'cancelled' }),
    ]);
    const expired = await named(session, 'expired', '?expires=0');
    expect([expired.status, expired.json()]).toEqual([
      201,
      expect.objectContaining({ id: 'c2', state: 'expired' }),
    ]);
  };
  await expectSame(before);
  const [after] = await restart(before);
  if (!after) throw new Error('no session');
  await expectSame(after);
});

test('push repeated after a reset of the session: the same command', async () => {
  const relay = await forTest(startRelay());
  const session = await makeQuotaSession(relay);
  const named = () => session.ask('POST', '/commands', 'true', '-H', 'Idempotency-Key: once');
  expect((await named()).json()).toMatchObject({ id: 'c1' });
  expect((await session.ask('POST', '/reset')).status).toBe(200);
  expect((await named()).json()).toMatchObject({ id: 'c1', state: 'cancelled' });
});
