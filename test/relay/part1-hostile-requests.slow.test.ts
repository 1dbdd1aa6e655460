import { describe, expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { makeSession } from '../harness/slot-session.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay({ flags: ['--long-poll', '1s'] });

const health = { ok: true, service: 'remotify.run' };

const targets: [title: string, target: string][] = [
  '//',
  '///',
  '//evil.example/',
  '/%',
  '/%zz',
  '/%00',
  '/%ff%fe',
  '/cmd-%',
  '/cmd-%00',
  '/cmd-%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '/cmd-../../etc/passwd',
  '/../../etc/passwd',
  '/r/%',
  '/r/..%2f..%2f',
  '/api/session/%',
  '/api/session/%/status',
  '/api/session/__proto__',
  '/api/session/constructor/status',
  '/?%',
  '/?mode=%',
  '/#fragment',
  '/\\',
  'http://',
  'http://evil.example/api/health',
  'http://[',
  'nowhere',
  '*',
  '?',
].map((target) => [target, target]);
targets.push(
  ['a URL of 20 KB', `/cmd-${'a'.repeat(20_000)}`],
  ['a query of 12 KB', `/?${'a'.repeat(12_000)}`],
);

describe.each(['GET', 'POST', 'DELETE', 'OPTIONS'])(
  '%s of a malformed URL: a response below 500:',
  (method) => {
    test.each(targets)('%s', async (_title, target) => {
      const answer = await curl(['-X', method, '--path-as-is', '--request-target', target, `${relay.url}/`]);
      expect(answer.exitCode).toBe(0);
      expect(answer.status).toBeGreaterThanOrEqual(200);
      expect(answer.status).toBeLessThan(500);
      expect((await curl([`${relay.url}/api/health`])).json()).toEqual(health);
    });
  },
);

test.each(['?mode=%', '?mode=auto&mode=auto', `?mode=${'x'.repeat(8_000)}`, '?%', '?&&==&'])(
  'malformed query on a valid route: a response below 500: %.40s',
  async (query) => {
    const session = await makeSession(relay);
    for (const url of [
      session.urls.runner,
      session.urls.cmd,
      session.urls.result,
      `${session.urls.api}/status`,
    ]) {
      const answer = await curl(['--request-target', new URL(url).pathname + query, relay.url]);
      expect(answer.status, url).toBeGreaterThanOrEqual(200);
      expect(answer.status, url).toBeLessThan(500);
    }
    expect((await curl([`${relay.url}/api/health`])).json()).toEqual(health);
  },
);

test.each([
  ['a length that is not a number', ['Content-Length: many']],
  ['a negative length', ['Content-Length: -1']],
  ['two lengths', ['Content-Length: 3', 'Content-Length: 4']],
  ['a length and chunks', ['Content-Length: 3', 'Transfer-Encoding: chunked']],
  ['an unknown transfer encoding', ['Transfer-Encoding: nonsense']],
  ['a header of 20 KB', [`X-Long: ${'x'.repeat(20_000)}`]],
  ['500 headers', Array.from({ length: 500 }, (_, index) => `X-${index}: x`)],
])('malformed header: no 5xx, and the relay still works: %s', async (_title, headers) => {
  const session = await makeSession(relay);
  const answer = await curl(
    [
      ...headers.flatMap((header) => ['-H', header]),
      '--max-time',
      '5',
      '--data-binary',
      '@-',
      session.urls.result,
    ],
    { stdin: 'body' },
  );
  // For some of them the relay closes the connection: 0 means no response.
  expect(answer.status).toBeLessThan(500);
  expect((await curl([`${relay.url}/api/health`])).json()).toEqual(health);
});

test('unknown URL with markup: the 404 does not repeat it', async () => {
  const answer = await curl([`${relay.url}/<script>alert(1)</script>`, '--path-as-is', '--globoff']);
  expect(answer.status).toBe(404);
  expect(answer.text).not.toContain('<script>alert');
});

test('requests with keys in paths: no key appears on stdout or stderr of the relay', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  await session.push('', '-H', 'Content-Encoding: gzip');
  await curl([`${session.urls.cmd}%`]);
  await curl(['-X', 'PUT', session.urls.api]);
  await curl([`${relay.url}/r/${session.listener_key}`]);
  await curl(['-X', 'DELETE', session.urls.api]);
  await session.read();
  const logged = relay.stderr() + relay.stdout();
  expect(logged).not.toContain(session.key);
  expect(logged).not.toContain(session.listener_key);
});
