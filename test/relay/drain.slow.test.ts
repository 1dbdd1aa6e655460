import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { makeSession } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

// The shutdown of a relay.

/** Deadline after SIGTERM; shorter than the 5 s after which the relay cuts connections. */
const beforeCutMs = 4_000;

async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const outcome = new Promise<boolean>((resolve) => {
    socket.on('connect', () => resolve(false));
    socket.on('error', () => resolve(true));
  });
  return outcome.finally(() => socket.destroy());
}

/** Sends SIGTERM; resolves once the shutdown has begun. */
async function beginEnd(relay: Relay) {
  // Connections are accepted in order: all earlier ones are accepted once this request is answered.
  await curl([`${relay.url}/api/health`]);
  const over = relay.kill('SIGTERM');
  over.catch(() => undefined);
  await eventually('new connections are refused', 5_000, () => isRefused(relay.port));
  return { over };
}

type Answer = { status: number | undefined; headers: IncomingMessage['headers']; text: string };

type BegunRequest = { upload: ClientRequest; answer: () => Promise<Answer> };

/** A request in flight: the relay has sent `100 Continue`, and waits for the body if there is one. */
async function begin(method: string, url: string, bodyBytes = 0): Promise<BegunRequest> {
  const headers = { expect: '100-continue', ...(bodyBytes > 0 && { 'content-length': bodyBytes }) };
  // A client that would reuse the connection.
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const upload = request(url, { method, headers, agent });
  onTestFinished(() => void upload.destroy());
  const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
  const answer = answered.then(async ([response]): Promise<Answer> => {
    const text = Buffer.concat(await response.toArray()).toString();
    return { status: response.statusCode, headers: response.headers, text };
  });
  upload.on('error', () => undefined);
  answer.catch(() => undefined);
  upload.flushHeaders();
  await withDeadline(once(upload, 'continue'), 5_000, `${method} is in flight`);
  return { upload, answer: () => withDeadline(answer, beforeCutMs, `the answer to ${method}`) };
}

async function openSocket(relay: Relay, bytes: string): Promise<Socket> {
  const socket = connect(relay.port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

async function startOnce(flags: string[] = []) {
  const folder = await forTest(makeTemporaryFolder());
  const store = `file:${folder.path}/store`;
  const relay = await forTest(startRelay({ store, flags }));
  const startAgain = async () => {
    await forTest(startRelay({ store, flags, port: relay.port }));
  };
  return { relay, startAgain };
}

const half = 'echo first half';

test.each([
  ['one signal', []],
  ['a second signal', ['SIGTERM']],
  ['signals of all kinds, again and again', ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGTERM']],
] as [string, NodeJS.Signals[]][])(
  'shutdown during the upload of a command: the upload is finished and stored, with %s',
  async (_title, more) => {
    const { relay, startAgain } = await startOnce();
    const session = await makeSession(relay);
    const { upload, answer } = await begin('POST', `${session.urls.api}/commands`, 2 * half.length);
    upload.write(half);
    const { over } = await beginEnd(relay);
    for (const signal of more) process.kill(relay.pid, signal);
    upload.end(half);
    const { status, headers, text } = await answer();
    expect([status, headers.connection]).toEqual([201, 'close']);
    expect(await over).toEqual({ code: 0, signal: null });
    await startAgain();
    const { commands } = (await curl([`${session.urls.api}/commands`])).json<{ commands: object[] }>();
    expect(commands).toEqual([
      expect.objectContaining({ id: (JSON.parse(text) as { id: string }).id, state: 'queued' }),
    ]);
    expect((await session.take()).text).toContain(half + half);
  },
);

test('shutdown during the upload of a result: the upload is finished and stored', async () => {
  const { relay, startAgain } = await startOnce();
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  const { upload, answer } = await begin('POST', session.urls.result, 2 * half.length);
  upload.write(half);
  const { over } = await beginEnd(relay);
  upload.end(half);
  expect((await answer()).status).toBe(201);
  expect((await over).code).toBe(0);
  await startAgain();
  expect((await session.read()).text).toBe(half + half);
});

test('shutdown with held polls: they are answered immediately, with Connection: close', async () => {
  const { relay } = await startOnce(['--long-poll', '20s']);
  const session = await makeSession(relay);
  const { cmd, result, api } = session.urls;
  const polls = [];
  for (const url of [cmd, result, `${api}/status?after=1000&wait=20`]) polls.push(await begin('GET', url));
  const { over } = await beginEnd(relay);
  const answers = await Promise.all(polls.map((poll) => poll.answer()));
  expect(answers.map(({ status }) => status)).toEqual([204, 204, 200]);
  expect(answers.map(({ headers }) => headers.connection)).toEqual(['close', 'close', 'close']);
  expect(await withDeadline(over, beforeCutMs, 'the relay ends')).toEqual({ code: 0, signal: null });
});

test('shutdown with open connections: new sessions and pushes get 503, other requests are answered', async () => {
  const { relay } = await startOnce();
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  const [cmd, result, api] = [session.urls.cmd, session.urls.result, session.urls.api].map(
    (url) => new URL(url).pathname,
  );
  const requests: [line: string, body: string, status: number, code: string | undefined][] = [
    ['POST /api/session', '', 503, 'draining'],
    [`POST ${api}/commands`, 'echo two', 503, 'draining'],
    [`POST ${cmd}`, 'echo two', 503, 'draining'],
    ['GET /api/ready', '', 503, 'draining'],
    ['GET /api/health', '', 200, undefined],
    [`GET ${api}/status`, '', 200, undefined],
    [`POST ${result}`, 'one', 201, undefined],
    [`GET ${cmd}`, '', 204, undefined],
  ];
  const sockets = await Promise.all(requests.map(([line]) => openSocket(relay, `${line} HTTP/1.1\r\n`)));
  const { over } = await beginEnd(relay);
  for (const [index, [line, body, status, code]] of requests.entries()) {
    const socket = sockets[index] as Socket;
    socket.write(`Host: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    const bytes = await withDeadline(socket.setEncoding('latin1').toArray(), beforeCutMs, line);
    const [head = ''] = bytes.join('').split('\r\n\r\n');
    expect(head, line).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(/^remotify-error: (.*)$/im.exec(head)?.[1], line).toBe(code);
    expect(/^retry-after: (.*)$/im.exec(head)?.[1], line).toBe(code && '1');
    expect(head, line).toMatch(/^connection: close$/im);
  }
  expect(await withDeadline(over, beforeCutMs, 'the relay ends')).toEqual({ code: 0, signal: null });
});

test('shutdown with clients that stall: they are cut, the relay exits with 0, no unread result is lost', async () => {
  const { relay, startAgain } = await startOnce();
  const session = await makeSession(relay);
  const big = 'x'.repeat(20_000_000);
  await session.push('echo one');
  await session.take();
  await session.answer(big);
  await openSocket(relay, '');
  await openSocket(relay, 'GET /api/health HTTP/1.1\r\nHost: lo');
  const { upload } = await begin('POST', `${session.urls.api}/commands`, 2 * half.length);
  upload.write(half);
  // A client that reads nothing, so the response fills the buffers of the system.
  const reader = request(session.urls.result, { agent: false });
  reader.on('error', () => undefined);
  onTestFinished(() => void reader.destroy());
  await withDeadline(once(reader.end(), 'response'), 5_000, 'the first bytes');
  const { over } = await beginEnd(relay);
  expect(await over).toEqual({ code: 0, signal: null });
  await startAgain();
  // The relay discards half a command, and keeps a result that was not read completely.
  expect((await curl([`${session.urls.api}/commands`])).json<{ commands: object[] }>().commands).toHaveLength(
    1,
  );
  expect((await session.read()).text).toBe(big);
});

test('shutdown while a response of 20 MB is being sent: it arrives complete, then the relay ends', async () => {
  const { relay } = await startOnce();
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  await session.answer('x'.repeat(20_000_000));
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const reader = request(session.urls.result, { agent }).end();
  const [answer] = (await withDeadline(once(reader, 'response'), 5_000, 'the first bytes')) as [
    IncomingMessage,
  ];
  const { over } = await beginEnd(relay);
  expect(Buffer.concat(await answer.toArray())).toHaveLength(20_000_000);
  expect(await withDeadline(over, beforeCutMs, 'the relay ends')).toEqual({ code: 0, signal: null });
});
