import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { makeSession } from '../harness/slot-session.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay({ flags: ['--long-poll', '1s'] });

test('result of a command: it is read once', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  expect((await session.answer('one\n')).status).toBe(201);
  expect((await session.status()).cmd_in_flight).toBe(false);
  const read = await session.read();
  expect(read.status).toBe(200);
  expect(read.text).toBe('one\n');
  const again = await session.read();
  expect(again.status).toBe(204);
  expect(again.body).toHaveLength(0);
});

test('result of all 256 byte values: it is read byte for byte', async () => {
  const session = await makeSession(relay);
  const result = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  await session.push('cat picture');
  await session.take();
  expect((await session.answer(result)).status).toBe(201);
  expect((await session.read()).body).toEqual(result);
});

test('result of 5 MiB: it is read byte for byte', async () => {
  const session = await makeSession(relay);
  const result = randomBytes(5 * 1024 * 1024);
  await session.push('cat film');
  await session.take();
  expect((await session.answer(result)).status).toBe(201);
  expect((await session.read()).body.equals(result)).toBe(true);
});

test('empty result: 200 without a body', async () => {
  const session = await makeSession(relay);
  await session.push('true');
  await session.take();
  expect((await session.answer('')).status).toBe(201);
  expect(await session.status()).toMatchObject({ result_queued: true, cmd_in_flight: false });
  const read = await session.read();
  expect(read.status).toBe(200);
  expect(read.body).toHaveLength(0);
  expect((await session.read()).status).toBe(204);
});

test('result posted without a command in flight: it is stored in the slot', async () => {
  const session = await makeSession(relay);
  expect((await session.answer('out of the blue')).status).toBe(201);
  expect((await session.status()).result_queued).toBe(true);
  const read = await session.read();
  expect(read.status).toBe(200);
  expect(read.text).toBe('out of the blue');
});

test('result posted while another command is queued: the command stays queued', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.take();
  await session.push('echo two');
  await session.answer('one\n');
  expect(await session.status()).toMatchObject({ cmd_queued: true, result_queued: true });
  expect((await session.read()).text).toBe('one\n');
  expect((await session.take()).text).toBe('echo two');
});

test('DELETE /result-KEY empties the slot', async () => {
  const session = await makeSession(relay);
  await session.answer('one\n');
  const dropped = await curl(['-X', 'DELETE', session.urls.result]);
  expect(dropped.status).toBe(204);
  expect((await session.status()).result_queued).toBe(false);
  expect((await session.read()).status).toBe(204);
});

test('DELETE /result-KEY of an empty slot: 204', async () => {
  const session = await makeSession(relay);
  expect((await curl(['-X', 'DELETE', session.urls.result])).status).toBe(204);
});

test('long poll without a result: 204 at its end', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  const poll = await curl(['--max-time', '10', session.urls.result]);
  expect(poll.exitCode).toBe(0);
  expect(poll.status).toBe(204);
  expect(poll.body).toHaveLength(0);
});

test('long poll when there is a result: it gets the result immediately', async () => {
  const session = await makeSession(relay);
  await session.answer('one\n');
  const poll = await curl([session.urls.result]);
  expect(poll.status).toBe(200);
  expect(poll.text).toBe('one\n');
});

test('poll of one slot that ends with 204: the other slot is unchanged', async () => {
  const session = await makeSession(relay);
  await session.answer('a result\n');
  expect((await curl(['--max-time', '10', session.urls.cmd])).status).toBe(204);
  expect((await session.read()).text).toBe('a result\n');
  await session.push('echo one');
  expect((await curl(['--max-time', '10', session.urls.result])).status).toBe(204);
  expect((await session.take()).text).toBe('echo one');
});

test('poll for a result: it does not count as a listener', async () => {
  const session = await makeSession(relay);
  await session.push('echo one');
  await session.read();
  expect(await session.status()).toMatchObject({ cmd_queued: true, listener_seen_seconds_ago: null });
});
