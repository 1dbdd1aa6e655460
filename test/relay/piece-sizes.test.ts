import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Relay, startRelay } from '../harness/relay-process.ts';

// How many bytes of output and input the relay accepts and sends at once.

const mib = 1024 * 1024;
const most = 16 * mib;

let relay: Relay;
let key: string;
let listenerKey: string;

type Init = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> };

const asListener = (path: string, init: Init = {}): Promise<Response> =>
  fetch(`${relay.url}/api/session/self${path}`, {
    ...init,
    headers: {
      authorization: `Bearer ${listenerKey}`,
      'remotify-listener': 'piece-sizes-1',
      'remotify-mode': 'auto',
      ...init.headers,
    },
  });

const asClient = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${relay.url}/api/session/self${path}`, { ...init, headers: { authorization: `Bearer ${key}` } });

beforeAll(async () => {
  relay = await startRelay();
  const made = await fetch(`${relay.url}/api/session`, { method: 'POST' });
  ({ key, listener_key: listenerKey } = (await made.json()) as { key: string; listener_key: string });
  await asClient('/commands?stdin=1', { method: 'POST', body: 'true' });
  await (await asListener('/next?wait=1')).text();
});

afterAll(() => relay.stop());

const bytes = randomBytes(most + 1);

test('output of 16 MiB: one upload; responses have 1 MiB, or up to 4 MiB with limit=', async () => {
  const body = bytes.subarray(0, most);
  const answer = await asListener('/commands/c1/output?stream=stdout&offset=0', { method: 'POST', body });
  expect([answer.status, await answer.text()]).toEqual([200, `${most}\n`]);
  const read = async (query: string): Promise<number> => {
    const part = Buffer.from(
      await (await asClient(`/commands/c1/output?stdout=5&stderr=0${query}`)).arrayBuffer(),
    );
    expect(part.equals(bytes.subarray(5, 5 + part.byteLength))).toBe(true);
    return part.byteLength;
  };
  expect(await read('')).toBe(mib);
  expect(await read('&limit=2000000')).toBe(2_000_000);
  expect(await read('&limit=99999999')).toBe(4 * mib);
});

test('input of 16 MiB: one upload; responses have 1 MiB, or up to 4 MiB with limit=', async () => {
  const body = bytes.subarray(0, most);
  const answer = await asClient('/commands/c1/stdin?offset=0', { method: 'PUT', body });
  expect([answer.status, await answer.text()]).toEqual([200, `${most}\n`]);
  const read = async (query: string): Promise<number> => {
    const part = Buffer.from(await (await asListener(`/commands/c1/stdin?offset=7${query}`)).arrayBuffer());
    expect(part.equals(bytes.subarray(7, 7 + part.byteLength))).toBe(true);
    return part.byteLength;
  };
  expect(await read('')).toBe(mib);
  expect(await read('&limit=2000000')).toBe(2_000_000);
  expect(await read('&limit=99999999')).toBe(4 * mib);
  // An empty response would mean the end of the input.
  expect(await read('&limit=0')).toBe(1);
});

test.each([
  ['plain', (body: Buffer) => body, {}],
  ['after gzip decoding', (body: Buffer) => gzipSync(body), { 'content-encoding': 'gzip' }],
] as const)('upload of 16 MiB and one byte, %s: 413 on every route', async (_words, render, headers) => {
  const body = render(Buffer.alloc(most + 1));
  const post = { method: 'POST', body, headers };
  expect((await asListener('/commands/c1/output?stream=stderr&offset=0', post)).status).toBe(413);
  expect((await asListener('/commands/c1/finish?exit_status=0', post)).status).toBe(413);
  const put = await fetch(`${relay.url}/api/session/self/commands/c1/stdin?offset=0`, {
    method: 'PUT',
    body,
    headers: { authorization: `Bearer ${key}`, ...headers },
  });
  expect(put.status).toBe(413);
});
