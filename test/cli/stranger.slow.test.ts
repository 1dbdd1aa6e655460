import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type CannedServer, renderAnswer, startCannedServer } from '../harness/canned-server.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { expectFailure } from './expect-failure.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// The address belongs to a server that is not a relay: a captive portal, a proxy, another service.

const relay = useRelay();

async function setUp(): Promise<Client> {
  const client = await forTest(makeClient(relay));
  return client;
}

async function answerWith(answer: string | Uint8Array): Promise<CannedServer> {
  const server = await forTest(startCannedServer(answer));
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
    /is not a relay: it answered 200 with a web page/,
  ],
  ['a web page without a content type', renderAnswer('200 OK', page), /is not a relay: .* with a web page/],
  ['a captive portal, 511', renderAnswer('511 Network Authentication Required', page, html), /511/],
  ['a text with 404', renderAnswer('404 Not Found', 'nothing here'), /is not a relay: it answered 404/],
  [
    'a web page with 404',
    renderAnswer('404 Not Found', page, html),
    /is not a relay: it answered 404 with a web/,
  ],
  ['a web page with 403', renderAnswer('403 Forbidden', page, html), /is not a relay: it answered 403/],
  [
    'a proxy that rejects the size of the body',
    renderAnswer('413 Request Entity Too Large', page, html),
    /error: a proxy in front of the relay rejects a body of this size/,
  ],
  ['a broken server', renderAnswer('500 Internal Server Error', page, html), /500/],
  ['a proxy without a server', renderAnswer('502 Bad Gateway', page, html), /502/],
  ['an empty 200', renderAnswer('200 OK', '', json), /is not a relay: it answered 200/],
  ['an empty 204', 'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n', /is not a relay: it answered 204/],
  ['other JSON than a session', renderAnswer('200 OK', '{"ok": true}', json), /not a relay: it answered 200/],
  ['JSON that is not an object', renderAnswer('200 OK', '[null]', json), /is not a relay: it answered 200/],
  [
    'a payload with a bad key',
    renderAnswer('201 Created', payload({ key: 'x', remote_quickstart: 'x' }), json),
    /is no/,
  ],
  ['a payload without a line', renderAnswer('201 Created', payload({}), json), /is not a relay/],
  [
    'a payload whose line has control characters',
    renderAnswer('201 Created', payload({ remote_quickstart: 'x\u001b[2J' }), json),
    /is not a relay/,
  ],
  [
    'a payload of two lines',
    renderAnswer('201 Created', payload({ remote_quickstart: 'x\nrm -rf ~' }), json),
    /is not a relay/,
  ],
  ['binary data', renderAnswer('200 OK', noise), /is not a relay: it answered 200/],
  ['a refusal with binary data', renderAnswer('400 Bad', noise, ['Remotify-Error: bad_\xff gzip']), /./],
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
  ['too many requests', renderAnswer('429 Too Many Requests', page, html), /rate limit of the relay/],
  ['another protocol than HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', /cannot reach \S+: (?!undefined)./],
  ['binary data without HTTP', noise, /cannot reach \S+: (?!undefined)./],
  ['a closed connection', '', /cannot reach .*: the connection closed unexpectedly/],
  [
    'a truncated answer',
    'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"key"',
    /cannot reach .*: the connection closed unexpectedly/,
  ],
];

describe('a server that is not a relay answers', () => {
  test.each(strangers)('new gets %s: an error, and nothing is stored', async (_title, answer, error) => {
    const { run, configDir } = await setUp();
    const { url } = await answerWith(answer);
    expectFailure(await run(['new', '--url', url]), 255, error);
    expect(await readdir(configDir)).toEqual([]);
  });

  test.each(strangers.filter(([title]) => !title.includes('payload')))(
    'status gets %s: an error',
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
  ])('end gets %s: an error, and the stored session stays', async (_title, answer) => {
    const { run, makeSession } = await setUp();
    await makeSession();
    const { url } = await answerWith(answer);
    expectFailure(await run(['end', '--url', url]), 255, /is not a relay/);
    expect((await run(['list'])).text).toContain('session-1');
  });

  test('exec gets a captive portal: an error, and the push is not retried', async () => {
    const { run, makeSession } = await setUp();
    await makeSession();
    const { url, requests } = await answerWith(renderAnswer('200 OK', page, html));
    expectFailure(await run(['exec', '--url', url, 'true']), 255, /is not a relay/);
    expect(requests).toHaveLength(1);
  });

  test('exec gets 413 from a proxy: an error that names it, and the push is not retried', async () => {
    const { run, makeSession } = await setUp();
    await makeSession();
    const { url, requests } = await answerWith(renderAnswer('413 Request Entity Too Large', page, html));
    expectFailure(
      await run(['exec', '--url', url, 'true']),
      255,
      /a proxy in front of the relay rejects a body of this size/,
    );
    expect(requests).toHaveLength(1);
  });

  test.each(['301 Moved', '302 Found', '303 See Other', '307 Temporary', '308 Permanent'])(
    'a redirect with %s: not followed',
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
          /is not a relay: it answered 30\d and points elsewhere \(http/,
        );
      expect(target.requests).toEqual([]);
    },
  );

  test('426 with the new address: the error shows it, and it is not followed', async () => {
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

  test('426 without the new address: an error', async () => {
    const { run } = await setUp();
    for (const body of ['', page, '[]', '{"endpoint": 1}']) {
      const { url } = await answerWith(renderAnswer('426 Upgrade Required', body));
      expectFailure(await run(['new', '--url', url]), 255, /426|has moved/);
    }
  });
});
