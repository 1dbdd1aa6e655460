import { expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeSession, type SessionPayload } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay();

test.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', 'localhost.evil.example'])(
  'foreign Host: 421, and no link with that host: %s',
  async (host) => {
    const session = await makeSession(relay);
    const paths = [
      '/',
      '/api/health',
      `/api/session/${session.key}`,
      `/r/${session.key}`,
      `/cmd-${session.key}`,
    ];
    for (const path of paths) {
      const answer = await curl(['-H', `Host: ${host}`, relay.url + path]);
      expect(answer.status, path).toBe(421);
      expect(answer.text).not.toContain(`//${host}`);
    }
    const made = await curl(['-X', 'POST', '-H', `Host: ${host}`, `${relay.url}/api/session`]);
    expect(made.status).toBe(421);
    expect(made.text).not.toContain(`//${host}`);
  },
);

test('requests with a foreign Host: they do not change the session', async () => {
  const session = await makeSession(relay);
  await session.push('echo kept');
  expect((await curl(['-H', 'Host: evil.example', session.urls.cmd])).status).toBe(421);
  expect((await curl(['-X', 'DELETE', '-H', 'Host: evil.example', session.urls.api])).status).toBe(421);
  expect((await session.take()).text).toBe('echo kept');
});

test.each([
  ["127.0.0.1'$(id)'", '$(id)'],
  ['127.0.0.1"onload="x', 'onload'],
  ['localhost;id', ';id'],
  ['127.0.0.1:1@evil.example', 'evil'],
  ['localhost evil', 'evil'],
  ['localhost/evil', 'evil'],
  ['localhost#evil', 'evil'],
  ['localhost?evil', 'evil'],
  ['localhost\\evil', 'evil'],
  ['<b>localhost</b>', '<b>'],
  ['localhost:8080evil', 'evil'],
  ['localhost:99999', '99999'],
  ['löcalhost', 'calhost'],
  ['localhost\tevil', 'evil'],
])('malformed Host: 400 or 421, and it is not in the response: %s', async (host, mark) => {
  const made = await curl(['-X', 'POST', '-H', `Host: ${host}`, `${relay.url}/api/session`]);
  expect([400, 421]).toContain(made.status);
  expect(made.text).not.toContain(mark);
});

test('empty Host: the payload has the URL of the relay, or the request is refused', async () => {
  const made = await curl(['-X', 'POST', '-H', 'Host;', `${relay.url}/api/session`]);
  expect([201, 400, 421]).toContain(made.status);
  const isPayload = made.status === 201;
  expect(made.text.includes(`"cmd": "${relay.url}/cmd-`)).toBe(isPayload);
});

test('any IP address as the Host: accepted, since DNS rebinding needs a name, and behind NAT it is not the relay’s own', async () => {
  const made = await curl(['-X', 'POST', '-H', 'Host: 192.0.2.7', `${relay.url}/api/session`]);
  expect(made.status).toBe(201);
  expect(made.text).toContain('http://192.0.2.7/');
});

test('localhost as the Host: the URLs of the payload have that host', async () => {
  const made = await curl(['-X', 'POST', '-H', `Host: localhost:${relay.port}`, `${relay.url}/api/session`]);
  expect(made.status).toBe(201);
  const { key, urls } = made.json<SessionPayload>();
  expect(urls.cmd).toBe(`http://localhost:${relay.port}/cmd-${key}`);
});

test('--allowed-host: requests with that Host are accepted', async () => {
  const own = await forTest(startRelay({ flags: ['--allowed-host', 'relay.example'] }));
  const made = await curl(['-X', 'POST', '-H', 'Host: relay.example', `${own.url}/api/session`]);
  expect(made.status).toBe(201);
  expect(made.json<SessionPayload>().urls.cmd).toMatch(/^http:\/\/relay\.example\/cmd-/);
  expect((await curl(['-H', 'Host: evil.example', `${own.url}/api/health`])).status).toBe(421);
});

test.each([
  'X-Forwarded-Host: evil.example',
  'X-Forwarded-Proto: evil',
  'X-Forwarded-Port: 666',
  'Forwarded: host=evil.example;proto=evil',
  'X-Original-URL: /evil',
])('no --trust-proxy: a forwarding header is ignored: %s', async (header) => {
  const made = await curl(['-X', 'POST', '-H', header, `${relay.url}/api/session`]);
  expect(made.status).toBe(201);
  const payload = made.json<SessionPayload>();
  expect(payload.urls.cmd).toBe(`${relay.url}/cmd-${payload.key}`);
  expect(made.text).not.toContain('evil');
});

test.each([
  ['a foreign Origin', 'Origin: https://evil.example'],
  ['the origin null', 'Origin: null'],
  ['a cross-site request', 'Sec-Fetch-Site: cross-site'],
])('browser on another page: 403: %s', async (_title, header) => {
  const session = await makeSession(relay);
  const made = await curl(['-X', 'POST', '-H', header, `${relay.url}/api/session`]);
  expect(made.status).toBe(403);
  expect(made.headers).not.toHaveProperty('access-control-allow-origin');
  expect((await session.push('echo evil', '-H', header)).status).toBe(403);
  expect((await session.take()).status).toBe(204);
});

test('browser on the page of the relay: it can create a session', async () => {
  const own = ['-H', `Origin: ${relay.url}`, '-H', 'Sec-Fetch-Site: same-origin'];
  const made = await curl(['-X', 'POST', ...own, `${relay.url}/api/session`]);
  expect(made.status).toBe(201);
});
