import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { makeSession } from '../harness/slot-session.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay();

/** Every route with a key in it. */
const keyedRoutes: [method: string, path: string][] = [
  ['GET', '/api/session/KEY'],
  ['DELETE', '/api/session/KEY'],
  ['GET', '/api/session/KEY/status'],
  ['POST', '/api/session/KEY/reset'],
  ['POST', '/cmd-KEY'],
  ['GET', '/cmd-KEY'],
  ['DELETE', '/cmd-KEY'],
  ['POST', '/result-KEY'],
  ['GET', '/result-KEY'],
  ['DELETE', '/result-KEY'],
];

function send(method: string, path: string, key: string) {
  const body = method === 'POST' ? ['--data-binary', 'echo one'] : [];
  return curl(['-X', method, ...body, relay.url + path.replace('KEY', key)]);
}

describe.each(keyedRoutes)('%s %s', (method, path) => {
  // A repeated DELETE of a session is no error.
  const gone = method === 'DELETE' && path === '/api/session/KEY' ? 204 : 410;

  test.each([
    ['31 digits', 'a'.repeat(31)],
    ['33 digits', 'a'.repeat(33)],
    ['upper case', 'A'.repeat(32)],
    ['a letter that is not a hex digit', `${'a'.repeat(31)}g`],
  ])('malformed key: 404: %s', async (_title, key) => {
    expect((await send(method, path, key)).status).toBe(404);
  });

  test(`unknown key: ${gone}`, async () => {
    expect((await send(method, path, '0123456789abcdef'.repeat(2))).status).toBe(gone);
  });

  test(`session key and listener key of a deleted session: ${gone}`, async () => {
    const session = await makeSession(relay);
    expect((await curl(['-X', 'DELETE', session.urls.api])).status).toBe(204);
    expect((await send(method, path, session.key)).status).toBe(gone);
    expect((await send(method, path, session.listener_key)).status).toBe(gone);
  });
});

describe('GET /r/KEY', () => {
  test.each(['a'.repeat(31), 'A'.repeat(32), `${'a'.repeat(31)}g`])(
    'malformed key for GET /r/KEY: 404: %s',
    async (key) => {
      expect((await send('GET', '/r/KEY', key)).status).toBe(404);
    },
  );

  const words = 'remotify: this session has ended; ask for a new line (remotify new)\n';

  test('unknown key, and both keys of a deleted session: a script for sh and bash that reports the end and exits with 1', async () => {
    const session = await makeSession(relay);
    expect((await curl(['-X', 'DELETE', session.urls.api])).status).toBe(204);
    for (const key of ['0123456789abcdef'.repeat(2), session.key, session.listener_key]) {
      const { status, headers, text } = await send('GET', '/r/KEY', key);
      expect([status, headers['content-type'], headers['remotify-error']]).toEqual([
        200,
        'text/x-shellscript; charset=utf-8',
        'gone',
      ]);
      for (const shell of ['sh', 'bash']) {
        const run = spawnSync(shell, { input: text, encoding: 'utf8' });
        expect([run.status, run.stdout, run.stderr], shell).toEqual([1, '', words]);
      }
    }
  });

  test('script of an ended session, truncated at any byte: it ends with an error', async () => {
    const { text } = await send('GET', '/r/KEY', '0123456789abcdef'.repeat(2));
    const script = text.trimEnd();
    for (const shell of ['sh', 'bash']) {
      for (let bytes = 1; bytes < script.length; bytes += 1) {
        const run = spawnSync(shell, { input: script.slice(0, bytes), encoding: 'utf8' });
        expect(run.status, `${shell}: ${script.slice(0, bytes)}`).not.toBe(0);
      }
    }
  });
});

describe('with the listener key:', () => {
  test.each(keyedRoutes)('%s %s is 403', async (method, path) => {
    const session = await makeSession(relay);
    await session.push('echo kept');
    expect((await send(method, path, session.listener_key)).status).toBe(403);
    // The request changed nothing.
    expect(await session.status()).toMatchObject({
      cmd_queued: true,
      result_queued: false,
      cmd_in_flight: false,
    });
    expect((await session.take()).text).toBe('echo kept');
  });

  test('GET /r/KEY is 200', async () => {
    const session = await makeSession(relay);
    expect((await send('GET', '/r/KEY', session.listener_key)).status).toBe(200);
  });
});

test.each(['/nowhere', '/api', '/api/', '/api/nowhere', '/cmd', '/cmd-', '/r', '/r/', '/index.php', '/.env'])(
  'unknown path: 404: %s',
  async (path) => {
    expect((await curl([relay.url + path])).status).toBe(404);
  },
);

test.each([
  ['PUT', '/', ['GET']],
  ['POST', '/api/health', ['GET']],
  ['GET', '/api/session', ['POST']],
  ['DELETE', '/api/session', ['POST']],
  ['PUT', '/api/session/KEY', ['GET', 'DELETE']],
  ['DELETE', '/api/session/KEY/status', ['GET']],
  ['GET', '/api/session/KEY/reset', ['POST']],
  ['PUT', '/cmd-KEY', ['GET', 'POST', 'DELETE']],
  ['PATCH', '/result-KEY', ['GET', 'POST', 'DELETE']],
  ['POST', '/r/KEY', ['GET']],
])('wrong method: 405, and Allow has the right ones: %s %s', async (method, path, allowed) => {
  const session = await makeSession(relay);
  const answer = await send(method, path, session.key);
  expect(answer.status).toBe(405);
  const allow = (answer.headers.allow ?? '').split(/, */);
  expect(allow).toEqual(expect.arrayContaining(allowed));
  expect(allow).not.toContain(method);
});

describe.each(['HEAD', 'OPTIONS'])('%s consumes nothing:', (method) => {
  const args = method === 'HEAD' ? ['--head'] : ['-X', 'OPTIONS'];

  test('a queued command stays queued', async () => {
    const session = await makeSession(relay);
    await session.push('echo one');
    const answer = await curl([...args, session.urls.cmd]);
    expect([200, 204, 405]).toContain(answer.status);
    expect(await session.status()).toMatchObject({ cmd_queued: true, cmd_in_flight: false });
    expect((await session.take()).text).toBe('echo one');
  });

  test('a result stays in its slot', async () => {
    const session = await makeSession(relay);
    await session.answer('one\n');
    const answer = await curl([...args, session.urls.result]);
    expect([200, 204, 405]).toContain(answer.status);
    expect((await session.status()).result_queued).toBe(true);
    expect((await session.read()).text).toBe('one\n');
  });

  test('the session stays', async () => {
    const session = await makeSession(relay);
    await curl([...args, session.urls.api]);
    await curl([...args, `${session.urls.api}/reset`]);
    expect((await curl([session.urls.api])).status).toBe(200);
  });
});
