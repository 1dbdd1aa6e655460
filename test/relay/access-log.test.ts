import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { binaryPath } from '../harness/binary.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { curl, startCurl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { startRelay } from '../harness/relay-process.ts';
import { openResource } from '../harness/resource.ts';
import { makeSession } from '../harness/slot-session.ts';
import { startSpiedRelay } from '../harness/spied-relay.ts';
import { forTest } from '../harness/for-test.ts';

const shortNameOf = (listenerKey: string) =>
  createHash('sha256').update(listenerKey).digest('hex').slice(0, 8);

const readJsonLines = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('--log text: one line for each request, with address, route, session, status, code, bytes and time', async () => {
  const relay = await startSpiedRelay({ flags: ['--log', 'text'] });
  const session = await makeSession(relay);
  const { ask } = openResource(relay.url, session);
  await ask('POST', '/commands', 'x'.repeat(5000), '-A', 'agent-007');
  await session.take();
  await curl([`${relay.url}/no/${session.key}/such?place=${session.key}`]);
  await curl(['-X', 'PUT', `${relay.url}/api/health`]);
  await ask('DELETE', '');
  await ask('GET', '');
  const last = await relay.findLine('access', / 410 /);
  const name = shortNameOf(session.listener_key);
  const lines = relay.lines('access').map((line) => line.replace(name, 'NAME').replaceAll(/=\d+/g, '=N'));
  const counts = 'in=N out=N ms=N held=N';
  expect(lines).toEqual([
    `127.0.0.1 POST /api/session 201 session=NAME ${counts}`,
    `127.0.0.1 POST /api/session/{key}/commands 201 session=NAME ${counts}`,
    `127.0.0.1 GET /cmd-{key} 200 session=NAME ${counts}`,
    `127.0.0.1 GET - 404 session=- code=not_found ${counts}`,
    `127.0.0.1 PUT /api/health 405 session=- code=method_not_allowed ${counts}`,
    `127.0.0.1 DELETE /api/session/{key} 204 session=NAME ${counts}`,
    `127.0.0.1 GET /api/session/{key} 410 session=- code=gone ${counts}`,
  ]);
  expect(last).not.toContain('cut');
  const push = relay.lines('access')[1] ?? '';
  const [bytesIn, bytesOut] = [/in=(\d+)/, /out=(\d+)/].map((pattern) => Number(pattern.exec(push)?.[1]));
  expect(bytesIn).toBeGreaterThan(5000);
  expect(bytesIn).toBeLessThan(5500);
  expect(bytesOut).toBeGreaterThan(300);
  expect(relay.stderr()).not.toMatch(/agent-007|xxxx/);
});

test('several requests on one connection: each line counts its own bytes', async () => {
  const relay = await startSpiedRelay({ flags: ['--log', 'text'] });
  await curl([`${relay.url}/`, `${relay.url}/api/health`]);
  await relay.findLine('access', /health/);
  const [page = 0, health = 0] = relay.lines('access').map((line) => Number(/out=(\d+)/.exec(line)?.[1]));
  expect(page).toBeGreaterThan(2000);
  expect(health).toBeLessThan(600);
});

test('client that disconnects during a poll: a line with the time it was held and cut', async () => {
  const relay = await startSpiedRelay({ flags: ['--log', 'text'] });
  const session = await makeSession(relay);
  const poll = await session.waitForResult();
  await eventually('the poll is held', 5_000, async () => (await session.status()) !== undefined);
  await poll.kill();
  const line = await relay.findLine('access', /result/);
  expect(line).toMatch(
    /^127\.0\.0\.1 GET \/result-\{key\} - session=\w{8} in=\d+ out=0 ms=\d+ held=\d+ cut$/,
  );
});

test('malformed HTTP: a line with status 400', async () => {
  const relay = await startSpiedRelay({ flags: ['--log', 'text'] });
  const socket = createConnection(relay.port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write('NONSENSE\u001b[2J / HTTP/9\r\n\r\n');
  socket.resume();
  await withDeadline(once(socket, 'close'), 5_000, 'the relay closes the connection');
  const line = await relay.findLine('access', / 400 /);
  expect(line).toMatch(/^127\.0\.0\.1 - - 400 session=- in=\d+ out=\d+ ms=0 held=0$/);
});

test('request through a trusted proxy: the line has the forwarded address', async () => {
  const relay = await startSpiedRelay({ flags: ['--log', 'text', '--trust-proxy', '1'] });
  await curl(['-H', 'X-Forwarded-For: 2001:db8::7', `${relay.url}/api/health`]);
  expect(await relay.findLine('access', /health/)).toMatch(/^2001:db8::7 GET /);
});

test('--log json: every line on stderr is JSON, from the first to the last', async () => {
  const flags = ['--log', 'json', '--audit-log', 'text', '--metrics', '0'];
  const relay = await startSpiedRelay({ flags });
  const session = await makeSession(relay);
  const { ask } = openResource(relay.url, session);
  await ask('POST', '/commands', 'echo "\u202e\u2028é"', '-H', 'Remotify-Client: alice@desk');
  await ask('GET', '/commands/c9');
  await startCurl([`${session.urls.cmd}?nowait=1`]).answer;
  await relay.kill('SIGTERM');
  expect(relay.stderr()).toMatch(/^[\x20-\x7e\n]+$/);
  const lines = readJsonLines(relay.stderr());
  for (const { level, time } of lines) {
    expect(level).toBe('info');
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  }
  expect(lines[0]?.['msg']).toMatch(/^listening on http/);
  expect(lines[1]?.['msg']).toBe(`metrics on ${relay.metrics}`);
  expect(lines.at(-1)?.['msg']).toBe('shutting down');
  const name = shortNameOf(session.listener_key);
  expect(lines.filter(({ kind }) => kind === 'audit')).toMatchObject([
    { event: 'session created', session: name, from: '127.0.0.1' },
    { event: 'command pushed', command: 'c1', by: 'alice@desk', bytes: 15, text: 'echo "\u202e\u2028é"' },
    { event: 'listener attached', by: 'slot', door: 'slot' },
    { event: 'command started', command: 'c1', by: 'slot', waited_ms: expect.any(Number) },
  ]);
  const refused = lines.find(({ code }) => code === 'no_such_command');
  expect(refused).toEqual({
    level: 'info',
    time: expect.any(String),
    kind: 'access',
    address: '127.0.0.1',
    method: 'GET',
    route: '/api/session/{key}/commands/{id}',
    session: name,
    status: 404,
    code: 'no_such_command',
    bytes_in: expect.any(Number),
    bytes_out: expect.any(Number),
    duration_ms: expect.any(Number),
    held_ms: 0,
    cut: false,
  });
});

test('--log json: the error of a failed start is JSON', async () => {
  const relay = await forTest(startRelay());
  const args = ['serve', '--port', String(relay.port), '--store', 'memory:', '--log', 'json'];
  const other = spawn(process.execPath, [binaryPath, ...args], { env: cleanEnvironment(tmpdir()) });
  let stderr = '';
  other.stderr.on('data', (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  const [code] = await withDeadline(once(other, 'close'), 10_000, 'serve gives up');
  expect(code).toBe(255);
  expect(readJsonLines(stderr)).toMatchObject([
    {
      level: 'error',
      msg: `port ${relay.port} on 127.0.0.1 is taken`,
      hint: expect.stringMatching(/--port/),
    },
  ]);
});

test('without --log: requests are not logged', async () => {
  const relay = await forTest(startRelay());
  await curl([`${relay.url}/api/health`]);
  await relay.kill('SIGTERM');
  expect(relay.stderr()).not.toMatch(/health|access|GET/);
});

test('stderr is not read: the relay keeps serving, logs later how many lines it dropped, and ends', async () => {
  const args = ['serve', '--port', '0', '--store', 'memory:', '--json', '--log', 'json'];
  const relay = spawn(process.execPath, [binaryPath, ...args], { env: cleanEnvironment(tmpdir()) });
  onTestFinished(() => void relay.kill('SIGKILL'));
  const [first] = (await withDeadline(once(relay.stdout, 'data'), 9_000, 'the relay listens')) as [Buffer];
  const { port } = new URL((JSON.parse(first.toString()) as { url: string }).url);
  // 7,000 requests on one connection, a hundred of them pipelined; each causes a line of 250 bytes.
  const count = 7_000;
  const atOnce = 100;
  const ask = createConnection(Number(port), '127.0.0.1');
  onTestFinished(() => void ask.destroy());
  let answers = 0;
  ask.on('data', (bytes: Buffer) => {
    // Counts bodies by their closing brace, since data events may split a response anywhere.
    answers += bytes.toString('latin1').split('}').length - 1;
  });
  const askAll = async (): Promise<void> => {
    for (const last = answers + count; answers < last; ) {
      const next = answers + atOnce;
      ask.write('GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(atOnce));
      await eventually('the requests are answered', 20_000, () => answers >= next, 1);
    }
  };
  await askAll();
  let stderr = '';
  relay.stderr.on('data', (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  await eventually('the relay logs how many lines it dropped', 10_000, () => stderr.includes('"dropped"'));
  const lines = readJsonLines(stderr.slice(0, stderr.lastIndexOf('\n')));
  const dropped = lines.find(({ kind }) => kind === 'dropped');
  expect(dropped).toMatchObject({ msg: expect.stringMatching(/^\d+ lines were dropped here/) });
  // The relay keeps at most 1 MiB of lines, plus the buffers of the pipe and the stream.
  expect(Number(dropped?.['count'])).toBeGreaterThan(1_000);

  // Again without a reader: unwritten lines do not keep the relay from ending.
  relay.stderr.removeAllListeners('data');
  relay.stderr.pause();
  await askAll();
  const ended = once(relay, 'exit');
  relay.kill('SIGTERM');
  expect(await withDeadline(ended, 10_000, 'the relay ends')).toEqual([0, null]);
});
