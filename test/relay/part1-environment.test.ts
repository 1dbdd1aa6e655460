import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually } from '../harness/deadline.ts';
import { type RelayOptions, startRelay } from '../harness/relay-process.ts';
import { makeSession, type SessionPayload } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';

// Environment variables of the original remotify.run relay, with the same meaning.

async function relayWith(env: Record<string, string>, options: RelayOptions = {}) {
  const relay = await forTest(startRelay({ ...options, env }));
  return relay;
}

async function payloadFor(relay: { url: string }, host: string): Promise<SessionPayload> {
  const made = await curl(['-X', 'POST', '-H', `Host: ${host}`, `${relay.url}/api/session`]);
  expect(made.status).toBe(201);
  return made.json<SessionPayload>();
}

test('DOMAIN, SCHEME and PUBLIC_PORT: all URLs have them', async () => {
  const relay = await relayWith({ DOMAIN: 'relay.example', SCHEME: 'https', PUBLIC_PORT: '8443' });
  const { key, listener_key: listenerKey, ...payload } = await payloadFor(relay, 'relay.example:8443');
  expect(payload.urls.cmd).toBe(`https://relay.example:8443/cmd-${key}`);
  expect(payload.urls.runner).toBe(`https://relay.example:8443/r/${key}`);
  expect(payload.remote_quickstart).toContain(`'https://relay.example:8443/r/${listenerKey}'`);
  expect(payload.exec).toContain('https://relay.example:8443/');
});

test('PUBLIC_PORT empty: the URLs have no port', async () => {
  const relay = await relayWith({ DOMAIN: 'relay.example', SCHEME: 'https', PUBLIC_PORT: '' });
  const { key, urls } = await payloadFor(relay, 'relay.example');
  expect(urls.api).toBe(`https://relay.example/api/session/${key}`);
});

test('--public-url takes precedence over DOMAIN', async () => {
  const flags = ['--public-url', 'https://flag.example'];
  const relay = await relayWith({ DOMAIN: 'relay.example', SCHEME: 'http' }, { flags });
  const { key, urls } = await payloadFor(relay, 'flag.example');
  expect(urls.cmd).toBe(`https://flag.example/cmd-${key}`);
});

test('SESSION_TTL is in seconds', async () => {
  const relay = await relayWith({ SESSION_TTL: '90' });
  expect((await makeSession(relay)).ttl_seconds).toBe(90);
});

test('LONGPOLL_MS is in milliseconds', async () => {
  const relay = await relayWith({ LONGPOLL_MS: '300' });
  const session = await makeSession(relay);
  // curl times out after 10 s; a default poll would end after 15 s.
  const poll = await curl(['--max-time', '10', session.urls.cmd]);
  expect(poll.exitCode).toBe(0);
  expect(poll.status).toBe(204);
});

test('MAX_BODY_SIZE=1k: limits a body to 1024 bytes, in the notation of nginx', async () => {
  const relay = await relayWith({ MAX_BODY_SIZE: '1k' });
  const session = await makeSession(relay);
  expect((await session.answer('x'.repeat(1024))).status).toBe(201);
  expect((await session.answer('x'.repeat(1025))).status).toBe(413);
});

test('MAX_BODY_SIZE=0 means no limit', async () => {
  const relay = await relayWith({ MAX_BODY_SIZE: '0' });
  const session = await makeSession(relay);
  const overTheDefault = Buffer.alloc(26 * 1024 * 1024, 'x');
  expect((await session.answer(overTheDefault)).status).toBe(201);
  expect((await session.read()).body.equals(overTheDefault)).toBe(true);
});

test('RATE_LIMIT and RATE_LIMIT_BURST limit new sessions', async () => {
  const relay = await relayWith({ RATE_LIMIT: '1r/m', RATE_LIMIT_BURST: '1' });
  const statuses: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    statuses.push((await curl(['-X', 'POST', `${relay.url}/api/session`])).status);
  }
  expect(statuses[0]).toBe(201);
  expect(statuses.at(-1)).toBe(429);
});

test('AUDIT_LOG=1: a new session is logged with the first 8 digits of its name, and without a key', async () => {
  const relay = await relayWith({ AUDIT_LOG: '1' });
  const { key, listener_key: listenerKey } = await makeSession(relay);
  const name = createHash('sha256').update(listenerKey).digest('hex');
  await eventually('the audit log names the session', 5_000, () => relay.stderr().includes(name.slice(0, 8)));
  const logged = relay.stderr() + relay.stdout();
  expect(logged).not.toContain(name.slice(0, 9));
  expect(logged).not.toContain(key);
  expect(logged).not.toContain(listenerKey);
});
