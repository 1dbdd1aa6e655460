import { beforeAll, describe, expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { makeSession } from '../harness/slot-session.ts';

let relay: Relay;
beforeAll(async () => {
  relay = await startRelay({ flags: ['--long-poll', '1s'] });
  return relay.stop;
});

test('a pushed command goes to the listener once', async () => {
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
  ['as it was typed into a form', 'echo a+b%20c&d=e'],
  ['several lines and a last line feed', 'cd /tmp\necho two\n\n'],
  ['an at sign in front', '@/etc/passwd'],
  ['white space around', '\n  echo one \t\n'],
  ['letters beyond ASCII', 'echo "žluťoučký 🐎"'],
  ['CR and ESC', 'echo one\r\n\x1b[2Jecho two'],
])('a command arrives byte for byte: %s', async (_title, command) => {
  const session = await makeSession(relay);
  expect((await session.push(command)).status).toBe(201);
  expect((await session.take()).body).toEqual(Buffer.from(command));
});

test('a command of bytes that are no text arrives byte for byte', async () => {
  const session = await makeSession(relay);
  const command = Buffer.from(Array.from({ length: 255 }, (_, index) => index + 1));
  expect((await session.push(command)).status).toBe(201);
  expect((await session.take()).body).toEqual(command);
});

test('a command of 2 MiB arrives byte for byte', async () => {
  const session = await makeSession(relay);
  const command = Buffer.from(`: ${'x'.repeat(2 * 1024 * 1024)}\n`);
  expect((await session.push(command)).status).toBe(201);
  expect((await session.take()).body.equals(command)).toBe(true);
});

test('the last write wins', async () => {
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
])('a command is refused: %s', (_title, command, message) => {
  test('400, and the queue stays empty', async () => {
    const session = await makeSession(relay);
    const refused = await session.push(command);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain(message);
    expect((await session.take()).status).toBe(204);
  });

  test('it replaces no queued command and drops no result', async () => {
    const session = await makeSession(relay);
    await session.push('echo kept');
    await session.answer('kept\n');
    expect((await session.push(command)).status).toBe(400);
    expect((await session.read()).text).toBe('kept\n');
    expect((await session.take()).text).toBe('echo kept');
  });
});

test('a push drops the unread result of an earlier command', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  await session.answer('one\n');
  expect((await session.status()).result_queued).toBe(true);
  expect((await session.push('echo two')).status).toBe(201);
  expect((await session.status()).result_queued).toBe(false);
  expect((await session.read()).status).toBe(204);
});

test('a listener that asks again gets the next command while the first is in flight', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  expect((await session.take()).text).toBe('echo one');
  await session.push('echo two');
  const second = await session.take();
  expect(second.status).toBe(200);
  expect(second.text).toBe('echo two');
});

test('DELETE /cmd-KEY drops the queued command unrun', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  const dropped = await curl(['-X', 'DELETE', session.urls.cmd]);
  expect(dropped.status).toBe(204);
  expect(await session.status()).toMatchObject({ cmd_queued: false, cmd_in_flight: false });
  expect((await session.take()).status).toBe(204);
});

test('DELETE /cmd-KEY with nothing queued is 204 too', async () => {
  const session = await makeSession(relay);
  expect((await curl(['-X', 'DELETE', session.urls.cmd])).status).toBe(204);
});

test('DELETE /cmd-KEY leaves the command in flight alone', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  expect((await curl(['-X', 'DELETE', session.urls.cmd])).status).toBe(204);
  expect((await session.status()).cmd_in_flight).toBe(true);
  await session.answer('one\n');
  expect((await session.read()).text).toBe('one\n');
});

test('a long poll with nothing to do ends with 204', async () => {
  const session = await makeSession(relay);
  const poll = await curl(['--max-time', '10', session.urls.cmd]);
  expect(poll.exitCode).toBe(0);
  expect(poll.status).toBe(204);
  expect(poll.body).toHaveLength(0);
});

test('a long poll takes a command that is queued already', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  const poll = await curl([session.urls.cmd]);
  expect(poll.status).toBe(200);
  expect(poll.text).toBe('echo one');
});
