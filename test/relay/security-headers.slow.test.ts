import { describe, expect, test } from 'vitest';
import { refusals } from '../../src/protocol/errors.ts';
import { buildPath } from '../../src/protocol/paths.ts';
import { type Method, type RouteName, routes } from '../../src/protocol/routes.ts';
import { type Answer, curl } from '../harness/curl.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeSession } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// Every response has the security headers for browsers, on every route and for every origin.

const relay = useRelay();

const shut = "default-src 'none'; frame-ancestors 'none'";

function expectHeaders({ headers }: Answer, isPage = false): void {
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
  const policy = headers['content-security-policy'] ?? '';
  if (isPage) expect(policy).toMatch(/^default-src 'none'; .*frame-ancestors 'none'$/);
  else expect(policy).toBe(shut);
  expect(policy).not.toMatch(/unsafe|\*|data:|https?:/);
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
}

const all = Object.entries(routes).flatMap(([name, { path, methods }]) =>
  [...Object.keys(methods), 'HEAD', 'OPTIONS', 'PATCH'].map(
    (method) =>
      [`${method} ${path}`, name as RouteName, method as Method | 'HEAD' | 'OPTIONS' | 'PATCH'] as const,
  ),
);

test.each(all)('%s', async (_title, name, method) => {
  const session = await makeSession(relay);
  const { methods }: { methods: Partial<Record<Method, string>> } = routes[name];
  const key = methods[method as Method] === 'listener' ? session.listener_key : session.key;
  const path = buildPath(name, { key, id: 'c1' });
  await curl(['--data-binary', 'echo one', `${session.urls.api}/commands`]);
  const how = method === 'HEAD' ? ['--head'] : ['-X', method];
  // Without an Origin, with that of another site, and with that of the relay's own page.
  const origins = [[], ['-H', 'Origin: https://evil.example'], ['-H', `Origin: ${relay.url}`]];
  for (const origin of origins) {
    const answer = await curl([
      ...how,
      ...origin,
      '-H',
      'Remotify-Listener: some-listener',
      '-H',
      'Access-Control-Request-Method: POST',
      `${relay.url}${path}?nowait=1&wait=0`,
    ]);
    expect(answer.status, origin.join(' ')).toBeGreaterThan(0);
    expectHeaders(answer, name.startsWith('page') && answer.status === 200 && method !== 'OPTIONS');
  }
});

type Refused = [code: keyof typeof refusals, ask: () => Promise<Answer>];

const push = async (...args: string[]): Promise<Answer> => {
  const { urls } = await makeSession(relay);
  return curl([...args, `${urls.api}/commands`]);
};

const refused: Refused[] = [
  ['empty_command', () => push('--data-binary', ' ')],
  ['bad_gzip', () => push('-H', 'Content-Encoding: gzip', '--data-binary', 'x')],
  ['bad_parameter', async () => curl([`${(await makeSession(relay)).urls.api}/status?after=x`])],
  ['key_missing', () => curl([`${relay.url}/api/session/self`])],
  ['listener_key', async () => curl([`${relay.url}/cmd-${(await makeSession(relay)).listener_key}`])],
  ['session_key', async () => curl([`${(await makeSession(relay)).urls.api}/next`])],
  ['foreign_origin', () => curl(['-H', 'Sec-Fetch-Site: cross-site', `${relay.url}/api/health`])],
  ['not_found', () => curl([`${relay.url}/nowhere`])],
  ['no_such_command', async () => curl([`${(await makeSession(relay)).urls.api}/commands/c9`])],
  ['method_not_allowed', () => curl(['-X', 'PUT', `${relay.url}/api/health`])],
  ['gone', () => curl([`${relay.url}/cmd-${'0'.repeat(32)}`])],
  ['unsupported_encoding', () => push('-H', 'Content-Encoding: br', '--data-binary', 'x')],
  ['unknown_host', () => curl(['-H', 'Host: evil.example', `${relay.url}/api/health`])],
];

describe('refusals', () => {
  test.each(refused)('%s', async (code, ask) => {
    const answer = await ask();
    expect([answer.headers['remotify-error'], answer.status]).toEqual([code, refusals[code].status]);
    expectHeaders(answer);
  });

  test.each([
    ['token_needed', ['--token', 'word'], 401],
    ['rate_limited', ['--rate-limit', '1r/h', '--rate-limit-burst', '1'], 429],
  ])('%s', async (code, flags, status) => {
    const own = await forTest(startRelay({ flags }));
    let answer = await curl(['-X', 'POST', `${own.url}/api/session`]);
    for (let tries = 0; answer.status === 201 && tries < 5; tries += 1)
      answer = await curl(['-X', 'POST', `${own.url}/api/session`]);
    expect([answer.headers['remotify-error'], answer.status]).toEqual([code, status]);
    expectHeaders(answer);
  });

  test('too_large, sent before the body has arrived', async () => {
    const answer = await push('-H', 'Content-Length: 99999999', '--data-binary', 'x', '--max-time', '5');
    expect([answer.headers['remotify-error'], answer.status]).toEqual(['too_large', 413]);
    expectHeaders(answer);
  });

  test('malformed HTTP: 400 or 431', async () => {
    for (const args of [
      ['-H', 'Content-Length: many'],
      ['-H', `X-Long: ${'x'.repeat(20_000)}`],
    ]) {
      const answer = await curl([...args, '-X', 'POST', `${relay.url}/api/session`]);
      expect([400, 431]).toContain(answer.status);
      expectHeaders(answer);
    }
  });
});
