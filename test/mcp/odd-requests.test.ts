// Requests from hosts that violate the protocol, and lines that are no valid requests.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { type RawHost, startRawHost } from './raw-host.ts';

// No session is needed: the server rejects a bad request before it looks for a session.
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
  ['null as params', { params: null }, 'there is no tool'],
  ['null for optional params', { params: { ...output, task: null, _meta: null } }, 'needs id'],
  ['a progress token with a fraction', { params: { ...output, _meta: { progressToken: 1.5 } } }, 'needs id'],
])('a call with %s: answered with a tool error, not a protocol error', async (_title, more, words) => {
  const { result } = await host.send(request('a', 'tools/call', more), 'a');
  expect([result?.isError, result?.content?.[0]?.text]).toEqual([true, expect.stringContaining(words)]);
});

test.each([
  ['tools/list', { params: null }],
  ['tools/list', { params: { cursor: null } }],
  ['ping', { params: null }],
])('%s with %j: answered', async (method, more) => {
  expect(await host.send(request('a', method, more), 'a')).toHaveProperty('result');
});

test('a line with a byte order mark: answered', async () => {
  expect(await host.send(`\uFEFF${request('a', 'ping')}`, 'a')).toHaveProperty('result');
});

test('a line that is not UTF-8: an error with the id of the request', async () => {
  const call = request('a', 'tools/call', { params: { name: 'remote_exec', arguments: { command: '%' } } });
  const [before = '', after = ''] = call.split('%');
  const line = Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)]);
  expect((await host.send(line, 'a')).error?.message).toBe('not a line of UTF-8');
});

test('a line of more than 10 MiB: an error before the server exits', async () => {
  const { error } = await host.send('x'.repeat(10 * 1024 * 1024 + 1), null);
  expect(error?.message).toBe('a line of more than 10485760 bytes');
});

test.each([
  ['remote_exec', { command: 'echo \ud800' }],
  ['remote_exec', { command: 'cat', stdin: '\udc00' }],
  ['remote_write_file', { path: 'x', content: 'a\ud800b' }],
])('unpaired surrogate in %s, %j: an error, because UTF-8 cannot encode it', async (name, given) => {
  const { text } = await host.call({ name, arguments: given });
  expect(text).toContain('without NUL bytes or unpaired surrogates');
  expect(text).toContain('Nothing was run by this call.');
});
