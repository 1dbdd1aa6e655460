import { tmpdir } from 'node:os';
import { beforeAll, describe, expect, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { makeClient } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import { withDeadline } from '../harness/deadline.ts';
import { type FrontProxy, startFrontProxy } from '../harness/front-proxy.ts';
import { startListener } from '../harness/listener.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { startRemote } from '../harness/remote.ts';
import { makeSession, type SessionPayload } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';

// `serve --public-url http://HOST/remotify`: the relay is one of several services behind a proxy.

/** A relay below a path, and the proxy in front of it, through which the tests connect. */
async function setUp(path: string, strips: boolean): Promise<{ relay: Relay; front: FrontProxy }> {
  const front = await startFrontProxy({ path, strips });
  const relay = await startRelay({ flags: ['--public-url', front.url] });
  front.aim(relay);
  return { relay, front };
}

describe.each([
  ['removes the path', '/remotify', true],
  ['keeps the path', '/remotify', false],
  ['removes a path of several parts', '/tools/a~b/remotify-1', true],
  ['keeps a path of several parts', '/tools/a~b/remotify-1', false],
  ['keeps a path that begins like those of the relay', '/api', false],
  ['removes a path that begins like those of the relay', '/api', true],
])('proxy that %s', { timeout: 60_000 }, (_title, path, strips) => {
  let relay: Relay;
  let front: FrontProxy;
  beforeAll(async () => {
    ({ relay, front } = await setUp(path, strips));
    return async () => {
      await relay.stop();
      await front.stop();
    };
  });

  test('line, listener, exec, stdin, logs, status and end work', async () => {
    const remote = await forTest(startRemote(front));
    expect(remote.line).toContain(`'${front.url}/r/`);
    const failed = await remote.run(['exec', 'echo out; echo err >&2; exit 7']);
    expect([failed.exitCode, failed.text, failed.stderr]).toEqual([7, 'out\n', 'err\n']);
    const piped = await remote.run(['exec', '--stdin', 'wc -c'], { stdin: 'x'.repeat(3_000_000) });
    expect([piped.exitCode, piped.text.trim()]).toEqual([0, '3000000']);
    expect((await remote.run(['logs', 'c1'])).text).toContain('out\n');
    expect((await remote.run(['status'])).exitCode).toBe(0);
    expect((await remote.run(['end'])).exitCode).toBe(0);
    expect(await withDeadline(remote.listener.exited, 10_000, 'the listener ends')).toMatchObject({
      code: 0,
    });
  });

  test('the slots and the exec line of the payload work', async () => {
    const session = await makeSession(front);
    expect(session.urls.api).toBe(`${front.url}/api/session/${session.key}`);
    await session.push('echo one');
    expect((await session.take()).text).toBe('echo one');
    await session.answer('one\n');
    expect((await session.read()).text).toBe('one\n');
    await forTest(startListener(session.remote_quickstart.replace(/(\/r\/[0-9a-f]{32})/, '$1?mode=auto')));
    const recipe = spawnCaptured('sh', ['-c', session.exec.replace('COMMAND', 'echo by curl')], {
      env: cleanEnvironment(tmpdir()),
    });
    const { code } = await withDeadline(recipe.closed, 20_000, 'the exec line ends');
    expect([code, recipe.stdout().toString()]).toEqual([0, 'by curl\n']);
    expect((await curl(['-X', 'DELETE', session.urls.cmd])).status).toBe(204);
    expect((await curl(['-X', 'DELETE', session.urls.api])).status).toBe(204);
    expect((await curl([session.urls.api])).status).toBe(410);
  });

  test('a pinned line runs', async () => {
    const client = await forTest(makeClient(front));
    await forTest(startListener(await client.makeSession('--auto', '--pin')));
    expect((await client.run(['exec', 'echo pinned'])).text).toBe('pinned\n');
  });

  test('the page and its files load, with and without a slash at the end of the path', async () => {
    for (const address of [front.url, `${front.url}/`]) {
      const page = await curl([address]);
      expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(page.headers['content-security-policy']).toContain("default-src 'none'; style-src 'self'");
      const links = [...page.text.matchAll(/(?:href|src)="([^"#]+)"/g)].map(([, link = '']) => link);
      expect(links).toHaveLength(3);
      for (const link of links) expect((await curl([new URL(link, address).href])).status, link).toBe(200);
    }
  });

  test('requests to the relay itself: they work with and without the path; similar paths get 404', async () => {
    for (const target of ['/api/health', `${path}/api/health`, '/', path, `${path}/`]) {
      expect((await curl([relay.url + target])).status, target).toBe(200);
    }
    const wrong = [
      `${path}x/api/health`,
      `${path}${path}/landing.js`,
      `${path}//api/health`,
      `/x${path}/api/health`,
    ];
    for (const target of wrong) expect((await curl([relay.url + target])).status, target).toBe(404);
    expect((await curl([`${relay.url}${path.toUpperCase()}/api/health`])).status).toBe(404);
  });

  test('method, key, origin and Host are checked below the path too', async () => {
    const base = relay.url + path;
    const { key } = (await curl(['-X', 'POST', `${base}/api/session`])).json<SessionPayload>();
    const refused = await curl(['-X', 'PUT', `${base}/api/session/${key}`]);
    expect([refused.status, refused.headers['allow']]).toEqual([405, 'GET, DELETE, HEAD, OPTIONS']);
    expect((await curl([`${base}/api/session/self`])).status).toBe(401);
    const make = (origin: string) => curl(['-X', 'POST', '-H', `Origin: ${origin}`, `${base}/api/session`]);
    expect((await make('https://evil.example')).status).toBe(403);
    expect((await make(new URL(front.url).origin)).status).toBe(201);
    expect((await curl(['-H', 'Host: evil.example', `${base}/api/health`])).status).toBe(421);
  });
});

test('public URL without a path: no prefix is removed, unknown paths get 404', async () => {
  const relay = await forTest(startRelay({ flags: ['--public-url', 'http://localhost'] }));
  for (const target of ['/remotify/api/health', '//', '//api/health'])
    expect((await curl([relay.url + target])).status, target).toBe(404);
});

test('public URL whose path has special characters of HTML and shells: page and line escape them', async () => {
  const relay = await forTest(startRelay({ flags: ['--public-url', "http://localhost/a&b'c$(id)"] }));
  const page = await curl([`${relay.url}/`]);
  expect(page.text).toContain('<script type=module src="/a&amp;b%27c$(id)/landing.js">');
  expect((await curl([`${relay.url}/a&b%27c$(id)/landing.js`])).status).toBe(200);
  const { remote_quickstart: line, listener_key: key } = (
    await curl(['-X', 'POST', `${relay.url}/api/session`])
  ).json<SessionPayload>();
  expect(line).toBe(`curl -q -fsSL -g --proto '=http' 'http://localhost/a&b%27c$(id)/r/${key}' | bash`);
});
