// Requests and lines of hosts that follow the protocol loosely, or not at all.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { type RawHost, startRawHost } from './raw-host.ts';

// No session is needed: what is wrong with a request is said before one is looked for.
let host: RawHost;
beforeEach(async () => {
  const configDir = await mkdtemp(join(tmpdir(), 'remotify-odd-'));
  host = await startRawHost(configDir, { REMOTIFY_URL: 'http://127.0.0.1:1' });
  return async () => {
    await host.close();
    await rm(configDir, { recursive: true });
  };
});

const request = (id: string, method: string, more: object = {}): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method, ...more });
const output = { name: 'remote_output', arguments: {} };

test.each([
  ['no params', {}, 'there is no tool'],
  ['params that are null', { params: null }, 'there is no tool'],
  ['null for what is optional', { params: { ...output, task: null, _meta: null } }, 'needs id'],
  ['a progress token with a fraction', { params: { ...output, _meta: { progressToken: 1.5 } } }, 'needs id'],
])('a call with %s: the answer is one of the tool', async (_title, more, words) => {
  const { result } = await host.send(request('a', 'tools/call', more), 'a');
  expect([result?.isError, result?.content?.[0]?.text]).toEqual([true, expect.stringContaining(words)]);
});

test.each([
  ['tools/list', { params: null }],
  ['tools/list', { params: { cursor: null } }],
  ['ping', { params: null }],
])('%s with %j is answered', async (method, more) => {
  expect(await host.send(request('a', method, more), 'a')).toHaveProperty('result');
});

test('a line with a byte order mark is answered', async () => {
  expect(await host.send(`\uFEFF${request('a', 'ping')}`, 'a')).toHaveProperty('result');
});

test('a line that is not UTF-8: refused under its id', async () => {
  const call = request('a', 'tools/call', { params: { name: 'remote_exec', arguments: { command: '%' } } });
  const [before = '', after = ''] = call.split('%');
  const line = Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)]);
  expect((await host.send(line, 'a')).error?.message).toBe('not a line of UTF-8');
});

test('a line of more than 10 MiB: said before the server ends', async () => {
  const { error } = await host.send('x'.repeat(10 * 1024 * 1024 + 1), null);
  expect(error?.message).toBe('a line of more than 10485760 bytes');
});

test.each([
  ['remote_exec', { command: 'echo \ud800' }],
  ['remote_exec', { command: 'cat', stdin: '\udc00' }],
  ['remote_write_file', { path: 'x', content: 'a\ud800b' }],
])('half a character in an argument of %s: refused, as UTF-8 has no bytes for it', async (name, given) => {
  const { text } = await host.call({ name, arguments: given });
  expect(text).toContain('without NUL bytes or halves of characters');
  expect(text).toContain('Nothing was run by this call.');
});
