import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { makeSession, type SessionPayload } from '../harness/slot-session.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay();

test('GET /api/health: 200 with ok and the service name', async () => {
  const health = await curl([`${relay.url}/api/health`]);
  expect(health.status).toBe(200);
  expect(health.json()).toEqual({ ok: true, service: 'remotify.run' });
  expect(health.text).toMatch(/^ {2}"ok": true,$/m);
});

test('POST /api/session: 201 with keys, TTL, URLs, version and features', async () => {
  const made = await curl(['-X', 'POST', `${relay.url}/api/session`]);
  expect(made.status).toBe(201);
  const payload = made.json<SessionPayload>();
  const { key, listener_key: listenerKey } = payload;
  expect(key).toMatch(/^[0-9a-f]{32}$/);
  expect(payload.ttl_seconds).toBe(10_800);
  expect(payload.urls).toEqual({
    cmd: `${relay.url}/cmd-${key}`,
    result: `${relay.url}/result-${key}`,
    api: `${relay.url}/api/session/${key}`,
    runner: `${relay.url}/r/${key}`,
  });
  expect(payload.version).toMatch(/^\d+\.\d+\.\d+/);
  expect(Array.isArray(payload.features)).toBe(true);
  expect(payload.features.every((feature) => typeof feature === 'string')).toBe(true);
  expect(listenerKey).toMatch(/^[0-9a-f]{32}$/);
});

test('the listener key is the HMAC of the session key, truncated to 32 digits', async () => {
  const { key, listener_key: listenerKey } = await makeSession(relay);
  const cut = (secret: string | Buffer) =>
    createHmac('sha256', secret).update('listener').digest('hex').slice(0, 32);
  expect([cut(key), cut(Buffer.from(key, 'hex'))]).toContain(listenerKey);
});

test('the line to paste has the listener key, not the session key, and is supervised', async () => {
  const { key, listener_key: listenerKey, remote_quickstart: line } = await makeSession(relay);
  expect(line).toContain(`'${relay.url}/r/${listenerKey}'`);
  expect(line).toMatch(/^curl .* --proto '=http' .*\| *bash$/);
  expect(line).not.toContain(key);
  expect(line).not.toContain('auto');
});

test('the exec line is one line with one placeholder, and pushes with the session key', async () => {
  const { exec, key } = await makeSession(relay);
  expect(exec.split('COMMAND')).toHaveLength(2);
  expect(exec.trimEnd().split('\n')).toHaveLength(1);
  expect(exec).toContain('curl');
  expect(exec).toContain(key);
});

test('three sessions have six different keys', async () => {
  const sessions = await Promise.all([1, 2, 3].map(() => makeSession(relay)));
  const keys = sessions.flatMap((session) => [session.key, session.listener_key]);
  expect(new Set(keys).size).toBe(6);
});

test('GET /api/session/KEY: the same payload again', async () => {
  const session = await makeSession(relay);
  const again = await curl([session.urls.api]);
  expect(again.status).toBe(200);
  expect(again.json()).toEqual(session.payload);
});

test('GET /api/session/KEY consumes nothing', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.answer('an answer to nothing');
  await curl([session.urls.api]);
  expect(await session.status()).toMatchObject({ cmd_queued: true, result_queued: true });
});

test('DELETE /api/session/KEY: 204, then every request with the key gets 410', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  const ended = await curl(['-X', 'DELETE', session.urls.api]);
  expect(ended.status).toBe(204);
  expect(ended.body).toHaveLength(0);
  expect((await curl([session.urls.api])).status).toBe(410);
  expect((await session.take()).status).toBe(410);
  expect((await session.push('echo two')).status).toBe(410);
});

test('DELETE of one session: the other session still works', async () => {
  const [gone, kept] = [await makeSession(relay), await makeSession(relay)];
  await kept.push('echo kept');
  expect((await curl(['-X', 'DELETE', gone.urls.api])).status).toBe(204);
  const taken = await kept.take();
  expect(taken.status).toBe(200);
  expect(taken.text).toBe('echo kept');
});

test('two sessions: neither gets the commands or results of the other', async () => {
  const [mine, other] = [await makeSession(relay), await makeSession(relay)];
  await mine.push('echo mine');
  await mine.answer('result of mine');
  expect((await other.take()).status).toBe(204);
  expect((await other.read()).status).toBe(204);
  expect((await mine.take()).text).toBe('echo mine');
});
