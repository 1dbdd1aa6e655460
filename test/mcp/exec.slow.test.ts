import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startTracedHost } from './traced-host.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';
import { forEachTest } from '../harness/for-file.ts';

const relay = useRelay();
const remote = useRemote(relay);

const host = forEachTest('the MCP host', () => startTracedHost(remote, relay));

test('cwd with quotes and spaces, and stdin: both arrive unchanged', async () => {
  const odd = 'it\'s a "folder"';
  await host.exec(`mkdir -p '${host.folder}/'"it's a \\"folder\\""`);
  const { data } = await host.exec('pwd; cat', { cwd: join(host.folder, odd), stdin: 'line\nlast ä' });
  expect(data.exit_status).toBe(0);
  expect(data.untrusted.stdout.head).toBe(`${host.folder}/${odd}\nline\nlast ä`);
});

test('without stdin: the command reads an empty stdin', async () => {
  expect((await host.exec('cat; echo end')).data.untrusted.stdout.head).toBe('end\n');
});

test('timeout of 1 s: the command is stopped with state timed_out', async () => {
  const { data, text } = await host.exec('echo begun; sleep 60', { timeout: 1 });
  expect(data).toMatchObject({ state: 'timed_out', untrusted: { stdout: { head: 'begun\n' } } });
  expect(text).toContain('its timeout was reached');
});

test('command killed by a signal: the answer names the signal', async () => {
  const { data } = await host.exec('kill -KILL $$');
  expect(data).toMatchObject({ state: 'finished', exit_status: 137, signal: 'KILL' });
});

test('wait_seconds of 2 for a command of 60 s: the call answers in time with state running', async () => {
  const began = performance.now();
  const { data } = await host.exec('sleep 60', { wait_seconds: 2 });
  expect(performance.now() - began).toBeLessThan(6_000);
  expect(data.state).toBe('running');
  await host.call('remote_cancel', { id: data.id });
});

test('progress notifications: with live output if the host asked for them, otherwise none', async () => {
  const messages: string[] = [];
  const command = 'for i in 1 2 3; do echo "step $i"; sleep 0.8; done';
  await host.exec(command, {}, { onProgress: (message) => messages.push(message) });
  expect(messages.join('\n')).toContain('stdout: step 1');
  expect(messages.join('\n')).toContain('step 2');
  const before = host.notified().length;
  expect(before).toBeGreaterThan(0);
  await host.exec(`${command}; :`);
  expect(host.notified()).toHaveLength(before);
});

test('remote_session_info: shows the listener and the last commands', async () => {
  const { data } = await host.exec('exit 5');
  const info = await host.call('remote_session_info');
  expect(info.data).toMatchObject({ relay: relay.url, paste: null });
  expect(info.data.listener).toMatchObject({ connected: true, mode: 'auto' });
  expect(info.data.commands.at(-1)).toEqual({ id: data.id, state: 'finished', exit_status: 5 });
  expect(info.data.untrusted.listener).toMatch(/@/);
});
