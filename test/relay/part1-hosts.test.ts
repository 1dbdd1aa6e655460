import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { makeSession, type SessionPayload } from '../harness/slot-session.ts';

let relay: Relay;
beforeAll(async () => {
  relay = await startRelay();
  return relay.stop;
});

test.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', 'localhost.evil.example'])(
  'a foreign Host is 421, and is in no link: %s',
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

test('a foreign Host changes nothing', async () => {
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
])('an unusual Host never reaches the payload: %s', async (host, mark) => {
  const made = await curl(['-X', 'POST', '-H', `Host: ${host}`, `${relay.url}/api/session`]);
  expect([400, 421]).toContain(made.status);
  expect(made.text).not.toContain(mark);
});

test('an empty Host never reaches the payload either', async () => {
  const made = await curl(['-X', 'POST', '-H', 'Host;', `${relay.url}/api/session`]);
  expect([201, 400, 421]).toContain(made.status);
  const isPayload = made.status === 201;
  expect(made.text.includes(`"cmd": "${relay.url}/cmd-`)).toBe(isPayload);
});

test('an address in the Host is answered: only names can be rebound, and behind NAT it is not the own one', async () => {
  const made = await curl(['-X', 'POST', '-H', 'Host: 192.0.2.7', `${relay.url}/api/session`]);
  expect(made.status).toBe(201);
  expect(made.text).toContain('http://192.0.2.7/');
});

test('the client is answered under the name that it used', async () => {
  const made = await curl(['-X', 'POST', '-H', `Host: localhost:${relay.port}`, `${relay.url}/api/session`]);
  expect(made.status).toBe(201);
  const { key, urls } = made.json<SessionPayload>();
  expect(urls.cmd).toBe(`http://localhost:${relay.port}/cmd-${key}`);
});

test('--allowed-host lets another name in', async () => {
  const own = await startRelay({ flags: ['--allowed-host', 'relay.example'] });
  onTestFinished(own.stop);
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
])('without --trust-proxy a forwarding header is ignored: %s', async (header) => {
  const made = await curl(['-X', 'POST', '-H', header, `${relay.url}/api/session`]);
  expect(made.status).toBe(201);
  const payload = made.json<SessionPayload>();
  expect(payload.urls.cmd).toBe(`${relay.url}/cmd-${payload.key}`);
  expect(made.text).not.toContain('evil');
});

test.each([
  ['a foreign Origin', 'Origin: https://evil.example'],
  ['no origin at all', 'Origin: null'],
  ['a foreign page', 'Sec-Fetch-Site: cross-site'],
])('a browser on another page is refused: %s', async (_title, header) => {
  const session = await makeSession(relay);
  const made = await curl(['-X', 'POST', '-H', header, `${relay.url}/api/session`]);
  expect(made.status).toBe(403);
  expect(made.headers).not.toHaveProperty('access-control-allow-origin');
  expect((await session.push('echo evil', '-H', header)).status).toBe(403);
  expect((await session.take()).status).toBe(204);
});

test('the page of the relay itself may make a session', async () => {
  const own = ['-H', `Origin: ${relay.url}`, '-H', 'Sec-Fetch-Site: same-origin'];
  const made = await curl(['-X', 'POST', ...own, `${relay.url}/api/session`]);
  expect(made.status).toBe(201);
});
