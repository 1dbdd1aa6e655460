import { describe, expect, test } from 'vitest';
import { type Answer, curl } from '../harness/curl.ts';
import { makeSession, type SlotSession } from '../harness/slot-session.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay();

type Request = (session: SlotSession) => Promise<Answer>;

const jsonAnswers: [string, number, Request][] = [
  ['GET /api/health', 200, () => curl([`${relay.url}/api/health`])],
  ['POST /api/session', 201, () => curl(['-X', 'POST', `${relay.url}/api/session`])],
  ['GET /api/session/KEY', 200, ({ urls }) => curl([urls.api])],
  ['GET /api/session/KEY/status', 200, ({ urls }) => curl([`${urls.api}/status`])],
  ['POST /api/session/KEY/reset', 200, ({ urls }) => curl(['-X', 'POST', `${urls.api}/reset`])],
];

const emptyAnswers: [string, number, Request][] = [
  ['GET /cmd-KEY with nothing queued', 204, (session) => session.take()],
  ['GET /result-KEY with nothing there', 204, (session) => session.read()],
  ['DELETE /cmd-KEY', 204, ({ urls }) => curl(['-X', 'DELETE', urls.cmd])],
  ['DELETE /result-KEY', 204, ({ urls }) => curl(['-X', 'DELETE', urls.result])],
  ['DELETE /api/session/KEY', 204, ({ urls }) => curl(['-X', 'DELETE', urls.api])],
];

const otherAnswers: [string, number, Request][] = [
  ['POST /cmd-KEY', 201, (session) => session.push('echo one')],
  ['POST /result-KEY', 201, (session) => session.answer('one\n')],
  ['GET /cmd-KEY', 200, async (session) => (await session.push('echo one'), session.take())],
  ['GET /result-KEY', 200, async (session) => (await session.answer('one\n'), session.read())],
  ['GET /r/KEY', 200, ({ urls }) => curl([urls.runner])],
  ['GET /', 200, () => curl([`${relay.url}/`])],
  ['POST /cmd-KEY without a command', 400, (session) => session.push('')],
  [
    'POST /cmd-KEY with broken gzip',
    400,
    (session) => session.push('no gzip', '-H', 'Content-Encoding: gzip'),
  ],
  ['GET /cmd-LISTENERKEY', 403, (session) => curl([`${relay.url}/cmd-${session.listener_key}`])],
  ['an unknown path', 404, () => curl([`${relay.url}/nowhere`])],
  ['a malformed key', 404, () => curl([`${relay.url}/cmd-123`])],
  ['a wrong method', 405, () => curl(['-X', 'PUT', `${relay.url}/api/health`])],
  ['an unknown key', 410, () => curl([`${relay.url}/cmd-${'0'.repeat(32)}`])],
  ['an unknown encoding', 415, (session) => session.push('echo one', '-H', 'Content-Encoding: br')],
  ['a foreign Host', 421, () => curl(['-H', 'Host: evil.example', `${relay.url}/api/health`])],
];

describe('response with Cache-Control: no-store:', () => {
  test.each([...jsonAnswers, ...emptyAnswers, ...otherAnswers])(
    '%s (%i)',
    async (_title, status, request) => {
      const answer = await request(await makeSession(relay));
      expect(answer.status).toBe(status);
      expect(answer.headers['cache-control']).toMatch(/(^|[ ,])no-store($|[ ,])/);
    },
  );

  test.each(['HEAD', 'OPTIONS'])('%s of every path', async (method) => {
    const { urls } = await makeSession(relay);
    for (const url of [
      `${relay.url}/`,
      `${relay.url}/api/health`,
      ...Object.values(urls),
      `${relay.url}/nowhere`,
    ]) {
      const answer = await curl(method === 'HEAD' ? ['--head', url] : ['-X', method, url]);
      expect(answer.exitCode, url).toBe(0);
      expect(answer.headers['cache-control'], url).toMatch(/no-store/);
    }
  });
});

describe('JSON response: content type JSON, indented with two spaces:', () => {
  test.each(jsonAnswers)('%s', async (_title, status, request) => {
    const answer = await request(await makeSession(relay));
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/json\b/);
    expect(answer.text.trimEnd()).toBe(JSON.stringify(answer.json(), null, 2));
  });
});

test.each(otherAnswers)(
  'other response: not JSON, or JSON with its content type and indentation: %s',
  async (_title, status, request) => {
    const answer = await request(await makeSession(relay));
    expect(answer.status).toBe(status);
    if (answer.headers['content-type']?.startsWith('application/json')) {
      expect(answer.text.trimEnd()).toBe(JSON.stringify(answer.json(), null, 2));
    } else {
      expect(() => JSON.parse(answer.text) as unknown).toThrow(SyntaxError);
    }
  },
);

test.each(emptyAnswers)('204 without a body: %s', async (_title, status, request) => {
  const answer = await request(await makeSession(relay));
  expect(answer.status).toBe(status);
  expect(answer.body).toHaveLength(0);
});

test('GET / is the landing page', async () => {
  const page = await curl([`${relay.url}/`]);
  expect(page.status).toBe(200);
  expect(page.headers['content-type']).toMatch(/^text\/html\b/);
  expect(page.text).toMatch(/<!doctype html>/i);
});
