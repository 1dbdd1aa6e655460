import { readdir } from 'node:fs/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type CannedServer, renderAnswer, startCannedServer } from '../harness/canned-server.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { expectFailure } from './expect-failure.ts';

// The address leads to somebody who is no relay: a captive portal, a proxy, another service.

let relay: Relay;
beforeAll(async () => {
  relay = await startRelay();
  return relay.stop;
});

async function setUp(): Promise<Client> {
  const client = await makeClient(relay);
  onTestFinished(client.remove);
  return client;
}

async function answerWith(answer: string | Uint8Array): Promise<CannedServer> {
  const server = await startCannedServer(answer);
  onTestFinished(server.close);
  return server;
}

const key = '0123456789abcdef0123456789abcdef';

const page = '<!DOCTYPE html>\n<html><title>Welcome to Airport WiFi</title><body>Log in</body></html>\n';
const html = ['Content-Type: text/html'];
const json = ['Content-Type: application/json'];
const noise = Buffer.from('\x1b]0;owned\x07\x1b[2J\x00\xff\xfe\x9b31m\r\nmore', 'latin1');
const payload = (change: object) => JSON.stringify({ key, ttl_seconds: 1, urls: {}, exec: '', ...change });

const strangers: [string, string | Uint8Array, RegExp][] = [
  [
    'a captive portal, 200',
    renderAnswer('200 OK', page, html),
    /is no relay: it answered 200 with a web page/,
  ],
  ['a page that does not say so', renderAnswer('200 OK', page), /is no relay: .* with a web page/],
  ['a captive portal, 511', renderAnswer('511 Network Authentication Required', page, html), /511/],
  ['not found', renderAnswer('404 Not Found', 'nothing here'), /is no relay: it answered 404/],
  [
    'a page that is not found',
    renderAnswer('404 Not Found', page, html),
    /is no relay: it answered 404 with a web/,
  ],
  ['forbidden', renderAnswer('403 Forbidden', page, html), /is no relay: it answered 403/],
  [
    'a proxy that takes no such body',
    renderAnswer('413 Request Entity Too Large', page, html),
    /error: the body is too large for a proxy on the way/,
  ],
  ['a broken server', renderAnswer('500 Internal Server Error', page, html), /500/],
  ['a proxy without a server', renderAnswer('502 Bad Gateway', page, html), /502/],
  ['an empty 200', renderAnswer('200 OK', '', json), /is no relay: it answered 200/],
  ['an empty 204', 'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n', /is no relay: it answered 204/],
  ['JSON that is no payload', renderAnswer('200 OK', '{"ok": true}', json), /is no relay: it answered 200/],
  ['JSON that is no object', renderAnswer('200 OK', '[null]', json), /is no relay: it answered 200/],
  [
    'a payload with a bad key',
    renderAnswer('201 Created', payload({ key: 'x', remote_quickstart: 'x' }), json),
    /is no/,
  ],
  ['a payload without a line', renderAnswer('201 Created', payload({}), json), /is no relay/],
  [
    'a payload whose line acts on a screen',
    renderAnswer('201 Created', payload({ remote_quickstart: 'x\u001b[2J' }), json),
    /is no relay/,
  ],
  [
    'a payload of two lines',
    renderAnswer('201 Created', payload({ remote_quickstart: 'x\nrm -rf ~' }), json),
    /is no relay/,
  ],
  ['bytes that are no text', renderAnswer('200 OK', noise), /is no relay: it answered 200/],
  ['a refusal of such bytes', renderAnswer('400 Bad', noise, ['Remotify-Error: bad_\xff gzip']), /./],
  [
    'an unknown refusal',
    renderAnswer('418 Teapot', 'short and stout', ['Remotify-Error: teapot']),
    /short and stout/,
  ],
  [
    'a refusal with a key in it',
    renderAnswer('400 Bad', `no ${key}`, ['Remotify-Error: bad_parameter']),
    /no 0123…/,
  ],
  ['too many requests', renderAnswer('429 Too Many Requests', page, html), /limits how many/],
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n', /cannot reach \S+: (?!undefined)./],
  ['no HTTP but noise', noise, /cannot reach \S+: (?!undefined)./],
  ['a connection that is closed', '', /cannot reach .*: the connection broke off/],
  [
    'an answer that is cut',
    'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"key"',
    /cannot reach .*: the connection broke off/,
  ],
];

describe('somebody else answers', () => {
  test.each(strangers)('%s', async (_title, answer, error) => {
    const { run, configDir } = await setUp();
    const { url } = await answerWith(answer);
    expectFailure(await run(['new', '--url', url]), 255, error);
    expect(await readdir(configDir)).toEqual([]);
  });

  test.each(strangers.filter(([title]) => !title.includes('payload')))(
    'with a session: %s',
    async (_title, answer, error) => {
      const { run, makeSession } = await setUp();
      await makeSession();
      const { url } = await answerWith(answer);
      expectFailure(await run(['status', '--url', url]), 255, error);
      expectFailure(await run(['status', '-s', key, '--url', url]), 255, error);
    },
  );

  test.each([
    ['a captive portal', renderAnswer('200 OK', page, html)],
    ['an empty 200', renderAnswer('200 OK', '')],
    ['JSON', renderAnswer('200 OK', '{"ok": true}', json)],
  ])('a session is not forgotten because %s said yes to its end', async (_title, answer) => {
    const { run, makeSession } = await setUp();
    await makeSession();
    const { url } = await answerWith(answer);
    expectFailure(await run(['end', '--url', url]), 255, /is no relay/);
    expect((await run(['list'])).text).toContain('session-1');
  });

  test('a command is not pushed again and again at a portal', async () => {
    const { run, makeSession } = await setUp();
    await makeSession();
    const { url, requests } = await answerWith(renderAnswer('200 OK', page, html));
    expectFailure(await run(['exec', '--url', url, 'true']), 255, /is no relay/);
    expect(requests).toHaveLength(1);
  });

  test('a proxy takes no body of this size: exec says so, and does not push again', async () => {
    const { run, makeSession } = await setUp();
    await makeSession();
    const { url, requests } = await answerWith(renderAnswer('413 Request Entity Too Large', page, html));
    expectFailure(
      await run(['exec', '--url', url, 'true']),
      255,
      /the body is too large for a proxy on the way/,
    );
    expect(requests).toHaveLength(1);
  });

  test.each(['301 Moved', '302 Found', '303 See Other', '307 Temporary', '308 Permanent'])(
    '%s is not followed',
    async (status) => {
      const { run, makeSession } = await setUp();
      await makeSession();
      const target = await answerWith(renderAnswer('200 OK', page));
      const { url } = await answerWith(
        renderAnswer(status, page, [`Location: ${target.url}/login?from=\xff`]),
      );
      for (const args of [['new'], ['status'], ['exec', 'true']])
        expectFailure(
          await run(['--url', url, ...args]),
          255,
          /is no relay: it answered 30\d and points elsewhere \(http/,
        );
      expect(target.requests).toEqual([]);
    },
  );

  test('426 says where the relay has moved to, and is not followed', async () => {
    const { run, makeSession } = await setUp();
    await makeSession();
    const target = await answerWith(renderAnswer('200 OK', page));
    const action = `upgrade \u001b[31mnow ${key}`;
    const moved = renderAnswer(
      '426 Upgrade Required',
      JSON.stringify({ endpoint: target.url, action }),
      json,
    );
    const { url } = await answerWith(moved);
    for (const args of [['new'], ['status'], ['exec', 'true'], ['-s', key, 'status']])
      expectFailure(
        await run(['--url', url, ...args]),
        255,
        new RegExp(`the relay has moved to ${target.url}: upgrade`),
      );
    expect(target.requests).toEqual([]);
  });

  test('426 of somebody who does not say where to', async () => {
    const { run } = await setUp();
    for (const body of ['', page, '[]', '{"endpoint": 1}']) {
      const { url } = await answerWith(renderAnswer('426 Upgrade Required', body));
      expectFailure(await run(['new', '--url', url]), 255, /426|has moved/);
    }
  });
});
