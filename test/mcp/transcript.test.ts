import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { type Answer, startMcpHost } from './mcp-host.ts';
import { forTest } from '../harness/for-test.ts';

// A whole session of a model through the official client, with the size of each answer in bytes.

test('a whole session, from no listener to a usage error: each answer has what the model needs, and stays below its size limit', async () => {
  const relay = await forTest(startRelay());
  const folder = await forTest(makeTemporaryFolder());
  const host = await forTest(startMcpHost(folder.path, { REMOTIFY_URL: relay.url }));
  const costs: Record<string, number> = {};
  const step = async (name: string, tool: string, input: object): Promise<Answer> => {
    const answer = await host.call(tool, input);
    costs[name] = host.resultBytes();
    return answer;
  };
  await host.client.listTools();
  costs['tools/list'] = host.resultBytes();

  const first = await step('no listener', 'remote_exec', { command: 'uname -s' });
  await forTest(startListener(first.data.paste?.auto ?? ''));
  const run = await step('short command', 'remote_exec', { command: 'uname -s' });
  expect([run.data.id, run.data.untrusted.stdout.head]).toEqual([first.data.id, 'Linux\n']);

  const long = await step('long output', 'remote_exec', { command: 'seq 100000' });
  const next = long.data.untrusted.stdout.next_offset;
  const page = await step('next page', 'remote_output', { id: long.data.id, offset: next });
  expect(page.data.offset).toBe(next);
  await step('last lines', 'remote_output', { id: long.data.id, tail: 5 });
  const found = await step('search', 'remote_output', { id: long.data.id, search: '99999' });
  expect(found.data.untrusted.matches).toHaveLength(1);

  const path = join(folder.path, 'note.txt');
  expect((await step('write', 'remote_write_file', { path, content: 'one\n' })).isError).toBe(false);
  const digest = /SHA-256 is (\w+)/.exec((await step('read', 'remote_read_file', { path })).text)?.[1];
  await step('write if unchanged', 'remote_write_file', { path, content: 'two\n', if_sha256: digest });
  expect(await readFile(path, 'utf8')).toBe('two\n');

  const running = await step('still running', 'remote_exec', { command: 'sleep 300', wait_seconds: 1 });
  expect(running.data.state).toBe('running');
  expect((await step('cancel', 'remote_cancel', {})).data.id).toBe(running.data.id);
  const info = await step('info', 'remote_session_info', {});
  expect(info.text).toMatch(/c1: uname -s\n[^]*: seq 100000\n/);
  await step('mistake', 'remote_output', { id: 'last', tail: 5, offset: 5 });

  const limits: Record<string, number> = {
    'tools/list': 5_000,
    'no listener': 1_300,
    'short command': 750,
    'long output': 14_500,
    'next page': 15_500,
    'last lines': 750,
    search: 750,
    write: 450,
    read: 800,
    'write if unchanged': 450,
    'still running': 600,
    cancel: 400,
    info: 2_000,
    mistake: 450,
  };
  const over = Object.entries(costs).filter(([name, bytes]) => bytes > (limits[name] ?? 0));
  expect(over, JSON.stringify(costs, null, 1)).toEqual([]);
});
