import { describe, expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { makeSession } from '../harness/slot-session.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay({ flags: ['--long-poll', '1s'] });

test('pushed command: the listener gets it once', async () => {
  const session = await makeSession(relay);
  const pushed = await session.push('echo one');
  expect(pushed.status).toBe(201);
  expect(pushed.text).toContain('queued');
  const taken = await session.take();
  expect(taken.status).toBe(200);
  expect(taken.text).toBe('echo one');
  const again = await session.take();
  expect(again.status).toBe(204);
  expect(again.body).toHaveLength(0);
});

test.each([
  ['characters that forms encode', 'echo a+b%20c&d=e'],
  ['several lines and a last line feed', 'cd /tmp\necho two\n\n'],
  ['an at sign in front', '@/etc/passwd'],
  ['white space around', '\n  echo one \t\n'],
  ['letters beyond ASCII', 'echo "žluťoučký 🐎"'],
  ['CR and ESC', 'echo one\r\n\x1b[2Jecho two'],
])('command arrives byte for byte: %s', async (_title, command) => {
  const session = await makeSession(relay);
  expect((await session.push(command)).status).toBe(201);
  expect((await session.take()).body).toEqual(Buffer.from(command));
});

test('command of bytes that are not text: it arrives byte for byte', async () => {
  const session = await makeSession(relay);
  const command = Buffer.from(Array.from({ length: 255 }, (_, index) => index + 1));
  expect((await session.push(command)).status).toBe(201);
  expect((await session.take()).body).toEqual(command);
});

test('command of 2 MiB: it arrives byte for byte', async () => {
  const session = await makeSession(relay);
  const command = Buffer.from(`: ${'x'.repeat(2 * 1024 * 1024)}\n`);
  expect((await session.push(command)).status).toBe(201);
  expect((await session.take()).body.equals(command)).toBe(true);
});

test('two pushes before a pickup: the second replaces the first', async () => {
  const session = await makeSession(relay);
  expect((await session.push('echo one')).status).toBe(201);
  expect((await session.push('echo two')).status).toBe(201);
  expect((await session.take()).text).toBe('echo two');
  expect((await session.take()).status).toBe(204);
});

describe.each([
  ['empty', '', 'empty command'],
  ['only white space', ' \t\r\n \n', 'empty command'],
  ['a NUL byte', 'echo one\0echo two', ''],
])('refused command: %s', (_title, command, message) => {
  test('a refused push: 400, and the queue stays empty', async () => {
    const session = await makeSession(relay);
    const refused = await session.push(command);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain(message);
    expect((await session.take()).status).toBe(204);
  });

  test('a refused push: the queued command and the result of the session stay', async () => {
    const session = await makeSession(relay);
    await session.push('echo kept');
    await session.answer('kept\n');
    expect((await session.push(command)).status).toBe(400);
    expect((await session.read()).text).toBe('kept\n');
    expect((await session.take()).text).toBe('echo kept');
  });
});

test('push with an unread result in the slot: the result is dropped', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  await session.answer('one\n');
  expect((await session.status()).result_queued).toBe(true);
  expect((await session.push('echo two')).status).toBe(201);
  expect((await session.status()).result_queued).toBe(false);
  expect((await session.read()).status).toBe(204);
});

test('listener polls again while its command is in flight: it gets the next command', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  expect((await session.take()).text).toBe('echo one');
  await session.push('echo two');
  const second = await session.take();
  expect(second.status).toBe(200);
  expect(second.text).toBe('echo two');
});

test('DELETE /cmd-KEY: the queued command is dropped and never runs', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  const dropped = await curl(['-X', 'DELETE', session.urls.cmd]);
  expect(dropped.status).toBe(204);
  expect(await session.status()).toMatchObject({ cmd_queued: false, cmd_in_flight: false });
  expect((await session.take()).status).toBe(204);
});

test('DELETE /cmd-KEY with nothing queued: 204', async () => {
  const session = await makeSession(relay);
  expect((await curl(['-X', 'DELETE', session.urls.cmd])).status).toBe(204);
});

test('DELETE /cmd-KEY while a command is in flight: its result is still accepted', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  expect((await curl(['-X', 'DELETE', session.urls.cmd])).status).toBe(204);
  expect((await session.status()).cmd_in_flight).toBe(true);
  await session.answer('one\n');
  expect((await session.read()).text).toBe('one\n');
});

test('long poll without a command: 204 at its end', async () => {
  const session = await makeSession(relay);
  const poll = await curl(['--max-time', '10', session.urls.cmd]);
  expect(poll.exitCode).toBe(0);
  expect(poll.status).toBe(204);
  expect(poll.body).toHaveLength(0);
});

test('long poll when a command is queued: it gets the command immediately', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  const poll = await curl([session.urls.cmd]);
  expect(poll.status).toBe(200);
  expect(poll.text).toBe('echo one');
});
