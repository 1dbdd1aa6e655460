import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { makeSession, type SlotSession } from '../harness/slot-session.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay();

const gzipHeader = ['-H', 'Content-Encoding: gzip'];
const allBytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));

test('command sent as gzip: the listener gets the decoded bytes', async () => {
  const session = await makeSession(relay);
  const command = Buffer.concat([Buffer.from('echo one # '), allBytes.subarray(1), Buffer.from('\n')]);
  const pushed = await session.push(gzipSync(command), ...gzipHeader);
  expect(pushed.status).toBe(201);
  const taken = await session.take();
  expect(taken.headers['content-encoding']).toBeUndefined();
  expect(taken.body).toEqual(command);
});

test('result sent as gzip: the reader gets the decoded bytes', async () => {
  const session = await makeSession(relay);
  await session.push('cat picture');
  await session.take();
  expect((await session.answer(gzipSync(allBytes), ...gzipHeader)).status).toBe(201);
  const read = await session.read();
  expect(read.headers['content-encoding']).toBeUndefined();
  expect(read.body).toEqual(allBytes);
});

test('gzip archive as a result, without Content-Encoding: it is not decoded', async () => {
  const session = await makeSession(relay);
  const archive = gzipSync(allBytes);
  expect((await session.answer(archive)).status).toBe(201);
  expect((await session.read()).body).toEqual(archive);
});

test('gzip of an empty result: an empty result', async () => {
  const session = await makeSession(relay);
  expect((await session.answer(gzipSync(''), ...gzipHeader)).status).toBe(201);
  const read = await session.read();
  expect(read.status).toBe(200);
  expect(read.body).toHaveLength(0);
});

test.each([
  ['nothing', ''],
  ['white space', ' \n\t\n'],
])('gzip of %s as a command: 400 empty command', async (_title, command) => {
  const session = await makeSession(relay);
  const refused = await session.push(gzipSync(command), ...gzipHeader);
  expect(refused.status).toBe(400);
  expect(refused.text).toContain('empty command');
});

test('gzip of a command with a NUL byte: 400', async () => {
  const session = await makeSession(relay);
  expect((await session.push(gzipSync('echo one\0'), ...gzipHeader)).status).toBe(400);
  expect((await session.take()).status).toBe(204);
});

const slots: [
  string,
  (session: SlotSession, body: Uint8Array, encoding: string) => ReturnType<SlotSession['push']>,
][] = [
  ['POST /cmd-KEY', (session, body, encoding) => session.push(body, '-H', `Content-Encoding: ${encoding}`)],
  [
    'POST /result-KEY',
    (session, body, encoding) => session.answer(body, '-H', `Content-Encoding: ${encoding}`),
  ],
];

const nothing = { cmd_queued: false, result_queued: false };
const whole = gzipSync('echo whole '.repeat(100));
const wrongSum = Buffer.from(whole);
wrongSum.writeUInt32LE((wrongSum.readUInt32LE(wrongSum.length - 8) ^ 1) >>> 0, wrongSum.length - 8);

describe.each(slots)('%s', (_route, post) => {
  test.each([
    ['text', Buffer.from('echo one, and this is not gzip')],
    ['cut in the middle', whole.subarray(0, whole.length / 2)],
    ['cut by one byte', whole.subarray(0, -1)],
    ['cut to its header', whole.subarray(0, 10)],
    ['with a wrong checksum', wrongSum],
    ['with garbage at its end', Buffer.concat([whole, Buffer.from('garbage')])],
  ])('malformed gzip: 400, nothing is stored: %s', async (_title, body) => {
    const session = await makeSession(relay);
    const refused = await post(session, body, 'gzip');
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('bad gzip');
    expect(await session.status()).toMatchObject(nothing);
  });

  test.each([
    ['br', Buffer.from('echo one')],
    ['deflate', deflateSync('echo one')],
    ['gzip, gzip', gzipSync(gzipSync('echo one'))],
    ['nonsense', Buffer.from('echo one')],
  ])('encoding other than gzip: 415, nothing is stored: %s', async (encoding, body) => {
    const session = await makeSession(relay);
    expect((await post(session, body, encoding)).status).toBe(415);
    expect(await session.status()).toMatchObject(nothing);
  });
});
