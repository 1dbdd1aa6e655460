import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openRaw, sendRaw } from '../harness/raw-connection.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';

type Session = { key: string; listener_key: string };

let relay: Relay;
let session: Session;
beforeAll(async () => {
  relay = await startRelay({ env: { LONGPOLL_MS: '300' } });
  const made = await fetch(`${relay.url}/api/session`, { method: 'POST' });
  session = (await made.json()) as Session;
  return relay.stop;
});

/** After each test the relay still answers, has logged no error, and the session is unchanged. */
afterEach(async () => {
  expect(await (await fetch(`${relay.url}/api/health`)).json()).toEqual({
    ok: true,
    service: 'remotify.run',
  });
  const status = await fetch(`${relay.url}/api/session/${session.key}/status`);
  expect(await status.json()).toMatchObject({ cmd_queued: false, result_queued: false });
  expect(relay.stderr()).not.toMatch(/error|warn| at /i);
});

const head = (firstLine: string, ...headers: string[]) => `${[firstLine, ...headers].join('\r\n')}\r\n\r\n`;
const host = 'Host: localhost';
const health = 'GET /api/health HTTP/1.1';

/** `KEY` in it is the session key. */
async function statusOf(bytes: string): Promise<number | 'closed'> {
  const answer = await sendRaw(relay, bytes.replaceAll('KEY', session.key), 5_000);
  return answer === 'closed' ? answer : answer.status;
}

const post = 'POST /result-KEY HTTP/1.1';
/** A smuggled request: the relay must not treat it as a request. */
const hidden = head('POST /result-KEY HTTP/1.1', host, 'Content-Length: 8') + 'smuggled';
const chunked = 'Transfer-Encoding: chunked';

describe('ambiguous length of a body: 400, and the smuggled request after it is ignored:', () => {
  test.each([
    ['a length and chunks', [`Content-Length: 5`, chunked], `0\r\n\r\n${hidden}`],
    ['chunks and a length', [chunked, 'Content-Length: 5'], `0\r\n\r\n${hidden}`],
    ['chunks twice over', [chunked, 'Transfer-Encoding: identity'], `0\r\n\r\n${hidden}`],
    ['chunks that are not last', ['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${hidden}`],
    ['an encoding that looks like chunks', ['Transfer-Encoding: xchunked'], `0\r\n\r\n${hidden}`],
    ['a space before the colon', ['Transfer-Encoding : chunked', 'Content-Length: 0'], hidden],
    ['a tab before the colon', ['Transfer-Encoding\t: chunked'], `0\r\n\r\n${hidden}`],
    ['a vertical tab before the word', ['Transfer-Encoding:\vchunked'], `0\r\n\r\n${hidden}`],
    ['a folded line', ['Transfer-Encoding:\r\n chunked', 'Content-Length: 0'], hidden],
    ['a folded line at the start', [' Transfer-Encoding: chunked', 'Content-Length: 0'], hidden],
    ['a bare carriage return', ['X: y\rTransfer-Encoding: chunked', 'Content-Length: 0'], hidden],
    ['a bare line feed', [`X: y\nTransfer-Encoding: chunked`, 'Content-Length: 5'], `0\r\n\r\n${hidden}`],
    ['two lengths', ['Content-Length: 0', 'Content-Length: 5'], hidden],
    ['two lengths that are the same', ['Content-Length: 0', 'Content-Length: 0'], hidden],
    ['two lengths in one', ['Content-Length: 0, 0'], hidden],
    ['a length with a sign', ['Content-Length: +0'], hidden],
    ['a negative length', ['Content-Length: -1'], hidden],
    ['a length in hexadecimal', ['Content-Length: 0x0'], hidden],
    ['a length with a fraction', ['Content-Length: 0.0'], hidden],
    ['a length of 30 digits', [`Content-Length: ${'9'.repeat(30)}`], hidden],
    ['an empty length', ['Content-Length:'], hidden],
  ])('%s', async (_title, headers, rest) => {
    expect(await statusOf(head(post, host, ...headers) + rest)).toBe(400);
  });
});

describe('malformed chunks: refused:', () => {
  test.each([
    ['a size that is not a number', 'zz\r\nabc\r\n0\r\n\r\n'],
    ['a negative size', '-1\r\nabc\r\n0\r\n\r\n'],
    ['a size with a prefix', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['a size with spaces around', ' 3 \r\nabc\r\n0\r\n\r\n'],
    ['a size of 20 digits', `${'f'.repeat(20)}\r\nabc\r\n0\r\n\r\n`],
    ['no size', '\r\nabc\r\n0\r\n\r\n'],
    ['a size that ends in a bare line feed', '3\nabc\r\n0\r\n\r\n'],
    ['a chunk that is longer than its size', '2\r\nabc\r\n0\r\n\r\n'],
    ['a chunk that ends in a bare line feed', '3\r\nabc\n0\r\n\r\n'],
    ['a trailer that is not a header', '3\r\nabc\r\n0\r\nnonsense\r\n\r\n'],
  ])('%s', async (_title, body) => {
    expect(await statusOf(head(post, host, chunked) + body)).toBe(400);
  });

  test.each([
    ['an extension of a megabyte', `3;${'x'.repeat(1_000_000)}\r\nabc\r\n0\r\n\r\n`, [413]],
    ['trailers of 20 KB', `3\r\nabc\r\n0\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, [431]],
  ])('%s', async (_title, body, statuses) => {
    expect(statuses).toContain(await statusOf(head(post, host, chunked) + body));
  });
});

test('500 chunks with small extensions: the extensions are ignored', async () => {
  const body = `${`1;${'x'.repeat(1_000)}\r\na\r\n`.repeat(500)}0\r\n\r\n`;
  expect(await statusOf(head(post, host, chunked) + body)).toBe(201);
  expect(await (await fetch(`${relay.url}/result-${session.key}`)).text()).toBe('a'.repeat(500));
});

describe('unusual or malformed request, status:', () => {
  test.each<[string, string, number | 'closed']>([
    ['no Host', head(health), 400],
    ['another version', head('GET /api/health HTTP/1.2', host), 400],
    ['a version of the future', head('GET /api/health HTTP/9.9', host), 400],
    // Node accepts these two: HTTP/0.9, which has no Host, and an extra space.
    ['no version', 'GET /api/health\r\n\r\n', 200],
    ['two spaces', head('GET  /api/health HTTP/1.1', host), 200],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['the hello of TLS', `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${'\xaa'.repeat(300)}`, 400],
    ['SSH', 'SSH-2.0-OpenSSH_9.6\r\n', 400],
    ['a method in lower case', head('get /api/health HTTP/1.1', host), 400],
    ['an unknown method', head('REMOTIFY /api/health HTTP/1.1', host), 400],
    ['a method without an end', 'G'.repeat(100_000), 400],
    ['no path', head('GET HTTP/1.1', host), 400],
    ['a NUL in the path', head('GET /api/\0health HTTP/1.1', host), 400],
    ['a NUL in the name of a header', head(health, host, 'X\0Y: z'), 400],
    ['a NUL in a header', head(health, host, 'X: y\0z'), 400],
    ['a header without a name', head(health, host, ': x'), 400],
    ['a header without a colon', head(health, host, 'nonsense'), 400],
    ['a header with a space in its name', head(health, host, 'a b: c'), 400],
    ['a header with a byte beyond ASCII in its name', head(health, host, 'n\xe4me: c'), 400],
    ['line feeds without carriage returns', `GET /api/health HTTP/1.1\n${host}\n\n`, 400],
    ['a URL of 17 KB', head(`GET /${'a'.repeat(17_000)} HTTP/1.1`, host), 431],
    ['a query of 17 KB', head(`GET /api/health?${'a'.repeat(17_000)} HTTP/1.1`, host), 431],
    ['a header of 17 KB', head(health, host, `X: ${'x'.repeat(17_000)}`), 431],
    ['the name of a header of 17 KB', head(health, host, `${'x'.repeat(17_000)}: x`), 431],
    ['1,001 headers', head(health, host, ...Array.from({ length: 1_000 }, () => 'a:')), 431],
    ['3,000 headers', head(health, host, ...Array.from({ length: 2_999 }, () => 'a:')), 431],
    ['1,000 headers', head(health, host, ...Array.from({ length: 999 }, () => 'a:')), 200],
    ['an absolute URL of the relay', head('GET http://localhost/api/health HTTP/1.1', host), 404],
    ['an absolute URL of another host', head('GET http://evil.example/ HTTP/1.1', host), 404],
    ['OPTIONS *', head('OPTIONS * HTTP/1.1', host), 404],
    ['CONNECT', head('CONNECT localhost:22 HTTP/1.1', host), 'closed'],
    ['TRACE', head('TRACE /api/health HTTP/1.1', host, 'Cookie: secret'), 405],
    [
      'an upgrade to WebSocket',
      head(health, host, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'),
      200,
    ],
    ['an upgrade to HTTP/2', head(health, host, 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c'), 200],
    ['an unknown Expect header', head(health, host, 'Expect: the-unexpected'), 200],
    ['a malformed key', head('GET /api/session/self HTTP/1.1', host, 'Authorization: Bearer ABC'), 401],
  ])('%s', async (_title, bytes, expected) => {
    expect(await statusOf(bytes)).toBe(expected);
  });
});

test('garbage after two valid requests: both are answered, then 400, then the connection closes', async () => {
  const connection = await openRaw(relay);
  connection.send(
    head(`GET /result-${session.key} HTTP/1.1`, host) + head(health, host) + 'nonsense\r\n\r\n',
  );
  expect((await connection.next()).status).toBe(204);
  expect((await connection.next()).status).toBe(200);
  expect((await connection.next()).status).toBe(400);
  await connection.closed;
  connection.destroy();
});

test('garbage in the middle of a chunked body: 400 immediately, then the connection closes', async () => {
  const connection = await openRaw(relay);
  connection.send(`${head(`POST /result-${session.key} HTTP/1.1`, host, chunked)}3\r\nabc\r\nnonsense\r\n`);
  expect((await connection.next({ deadlineMs: 2_000 })).status).toBe(400);
  await connection.closed;
  connection.destroy();
});

test('Expect: 100-continue with a length over the limit: 413 instead of 100', async () => {
  const connection = await openRaw(relay);
  const ask = (length: number) =>
    head(`POST /result-${session.key} HTTP/1.1`, host, `Content-Length: ${length}`, 'Expect: 100-continue');
  connection.send(ask(26 * 1024 * 1024));
  expect((await connection.next()).status).toBe(413);
  connection.destroy();
});

test('Expect: 100-continue pipelined after a poll: 100 only after the response to the poll', async () => {
  const connection = await openRaw(relay);
  connection.send(
    head(`GET /result-${session.key} HTTP/1.1`, host) +
      head(`POST /cmd-${session.key} HTTP/1.1`, host, 'Content-Length: 1', 'Expect: 100-continue'),
  );
  expect((await connection.next()).status).toBe(204);
  expect((await connection.next()).status).toBe(100);
  connection.send(' ');
  expect((await connection.next()).status).toBe(400);
  connection.destroy();
});

test('40,000 pipelined requests from a client that reads nothing: it is cut, memory grows by less than 100 MiB', async () => {
  const before = await residentMib(relay.pid);
  const connection = await openRaw(relay);
  connection.pause();
  connection.send(head('GET /landing.css HTTP/1.1', host).repeat(20_000));
  connection.send(head(`GET /result-${session.key} HTTP/1.1`, host).repeat(20_000));
  await fetch(`${relay.url}/api/health`);
  connection.resume();
  await connection.closed;
  connection.destroy();
  expect((await residentMib(relay.pid)) - before).toBeLessThan(100);
});

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

const mib = 1024 * 1024;
const listener = { 'remotify-listener': 'bad-listener', 'remotify-mode': 'auto' };

describe('gzip', () => {
  // 700 MiB of zeros, in seven members: as small as one member, and faster to create.
  const member = gzipSync(Buffer.alloc(100 * mib), { level: 9 });
  const bomb = Buffer.concat(Array.from({ length: 7 }, () => member));

  const send = (path: string, body: Uint8Array, method = 'POST', headers = {}) =>
    fetch(relay.url + path, { method, body, headers: { 'content-encoding': 'gzip', ...headers } });
  const asListener = () => ({ ...listener, authorization: `Bearer ${session.listener_key}` });

  let id = '';

  /** A running command that accepts input, so that every route with a body can be tested. */
  beforeAll(async () => {
    const pushed = await fetch(`${relay.url}/api/session/${session.key}/commands?stdin=1`, {
      method: 'POST',
      body: 'cat',
    });
    id = ((await pushed.json()) as { id: string }).id;
    const taken = await fetch(`${relay.url}/api/session/self/next?wait=0`, { headers: asListener() });
    expect(taken.status).toBe(200);
  });

  const routes: [string, (body: Uint8Array) => Promise<Response>][] = [
    ['POST /cmd-KEY', (body) => send(`/cmd-${session.key}`, body)],
    ['POST /result-KEY', (body) => send(`/result-${session.key}`, body)],
    ['POST …/commands', (body) => send(`/api/session/${session.key}/commands`, body)],
    ['PUT …/stdin', (body) => send(`/api/session/${session.key}/commands/${id}/stdin`, body, 'PUT')],
    [
      'POST …/output',
      (body) => send(`/api/session/self/commands/${id}/output?stream=stdout`, body, 'POST', asListener()),
    ],
    [
      'POST …/finish',
      (body) => send(`/api/session/self/commands/${id}/finish?exit_status=0`, body, 'POST', asListener()),
    ],
    [
      'POST …/decline',
      (body) => send(`/api/session/self/commands/${id}/decline`, body, 'POST', asListener()),
    ],
  ];

  test.each(routes)('%s: gzip bomb of 700 MiB: 413', async (_title, upload) => {
    expect(bomb.byteLength).toBeLessThan(mib);
    expect((await upload(bomb)).status).toBe(413);
  });

  test('thirty gzip bombs at once: memory grows by less than 700 MiB', async () => {
    const before = await residentMib(relay.pid);
    let peak = before;
    const watch = setInterval(() => {
      void residentMib(relay.pid).then((now) => {
        peak = Math.max(peak, now);
      });
    }, 20);
    const answers = await Promise.all(Array.from({ length: 30 }, () => send(`/result-${session.key}`, bomb)));
    clearInterval(watch);
    for (const { status } of answers) expect([413, 503]).toContain(status);
    console.log(`thirty bombs: ${Math.round(before)} MiB before, ${Math.round(peak)} MiB at most`);
    expect(peak - before).toBeLessThan(700);
  }, 30_000);

  const whole = gzipSync('echo whole '.repeat(100));
  test.each(routes)('%s: gzip that is truncated or has bytes at its end: 400', async (_title, upload) => {
    for (const body of [
      whole.subarray(0, -1),
      whole.subarray(0, 5),
      Buffer.concat([whole, Buffer.from('garbage')]),
      Buffer.concat([whole, Buffer.alloc(1)]),
      Buffer.concat([whole, whole.subarray(0, 20)]),
      Buffer.from('not gzip'),
    ]) {
      const answer = await upload(body);
      expect(answer.status).toBe(400);
      expect(answer.headers.get('remotify-error')).toBe('bad_gzip');
    }
  });

  test('gzip of several members: joined; gzip in gzip: decoded once', async () => {
    const own = `/api/session/${session.key}/commands/${id}`;
    const inner = gzipSync('inner');
    const bytes = Buffer.concat([gzipSync('one '), gzipSync(''), gzipSync('two '), gzipSync(inner)]);
    const sent = await send(
      `/api/session/self/commands/${id}/output?stream=stderr`,
      bytes,
      'POST',
      asListener(),
    );
    expect(sent.status, await sent.text()).toBe(200);
    const read = await fetch(`${relay.url}${own}/output?stream=stderr`);
    expect(Buffer.from(await read.arrayBuffer())).toEqual(Buffer.concat([Buffer.from('one two '), inner]));
  });
});
