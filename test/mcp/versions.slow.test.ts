import { expect, test } from 'vitest';
import { startMcpHost, versions } from './mcp-host.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';

const relay = useRelay();
const remote = useRemote(relay);

test.each(versions)('revision %s: lists the tools, runs a command, reads its output', async (version) => {
  const host = await forTest(startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url }, version));
  expect(host.client.getServerVersion()).toMatchObject({ name: 'remotify' });
  expect(host.client.getNegotiatedProtocolVersion()).toBe(version);
  const { tools } = await host.client.listTools();
  expect(tools.map(({ name }) => name)).toEqual([
    'remote_exec',
    'remote_output',
    'remote_cancel',
    'remote_read_file',
    'remote_write_file',
    'remote_session_info',
    'remote_session_reset',
  ]);
  // This list is part of every conversation.
  expect(host.resultBytes()).toBeLessThanOrEqual(5_000);
  const { text, data } = await host.exec('echo out; echo err >&2; exit 7');
  expect(data).toMatchObject({
    state: 'finished',
    exit_status: 7,
    untrusted: { stdout: { head: 'out\n', bytes: 4 }, stderr: { head: 'err\n' }, reason: null },
    paste: null,
  });
  expect(text).toContain(`Command ${data.id} finished with exit status 7`);
  const page = await host.call('remote_output', { id: data.id });
  expect(page.data.untrusted.text).toBe('out\n');
});

test('every tool: has a title, an input schema, no output schema, and all four hints', async () => {
  const host = await forTest(startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url }));
  const { tools } = await host.client.listTools();
  for (const { name, title, inputSchema, outputSchema, annotations } of tools) {
    expect(title, name).toBeTruthy();
    expect(inputSchema.type, name).toBe('object');
    expect(outputSchema, name).toBeUndefined();
    expect(Object.keys(annotations ?? {}).toSorted(), name).toEqual([
      'destructiveHint',
      'idempotentHint',
      'openWorldHint',
      'readOnlyHint',
    ]);
  }
  const readOnly = tools.filter(({ annotations }) => annotations?.readOnlyHint).map(({ name }) => name);
  expect(readOnly).toEqual(['remote_output', 'remote_read_file', 'remote_session_info']);
});

test('tool list and instructions: do not mention ssh', async () => {
  const host = await forTest(startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url }));
  const said = JSON.stringify([await host.client.listTools(), host.client.getInstructions()]);
  expect(said).not.toMatch(/\bssh\b/i);
});

test('invalid arguments: an error result, and nothing runs', async () => {
  const host = await forTest(startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url }));
  const before = await remote.runJson<{ commands: unknown[] }>('status');
  for (const input of [
    {},
    { command: '  ' },
    { command: 'a\0b' },
    { command: 'true', timeout: -1 },
    { command: 'true', session: 'unknown' },
  ]) {
    const answer = await host
      .call('remote_exec', input)
      .catch((error: unknown) => ({ isError: true, error }));
    expect(answer.isError, JSON.stringify(input)).toBe(true);
  }
  expect((await host.call('remote_output', { id: 'c99999' })).text).toContain('no such command');
  expect((await remote.runJson<{ commands: unknown[] }>('status')).commands).toEqual(before.commands);
});
