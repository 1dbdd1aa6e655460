import { join } from 'node:path';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { type Remote, startRemote } from '../harness/remote.ts';
import { startTracedHost, type TracedHost } from './traced-host.ts';

let relay: Relay;
let remote: Remote;
beforeAll(async () => {
  relay = await startRelay();
  remote = await startRemote(relay);
  return async () => {
    await remote.stop();
    await relay.stop();
  };
});

let host: TracedHost;
beforeEach(async () => {
  host = await startTracedHost(remote, relay);
  return host.stop;
});

test('cwd and stdin arrive as they were given', async () => {
  const odd = 'it\'s a "folder"';
  await host.exec(`mkdir -p '${host.folder}/'"it's a \\"folder\\""`);
  const { data } = await host.exec('pwd; cat', { cwd: join(host.folder, odd), stdin: 'line\nlast ä' });
  expect(data.exit_status).toBe(0);
  expect(data.untrusted.stdout.head).toBe(`${host.folder}/${odd}\nline\nlast ä`);
});

test('without stdin the input is empty', async () => {
  expect((await host.exec('cat; echo end')).data.untrusted.stdout.head).toBe('end\n');
});

test('a timeout stops the run', async () => {
  const { data, text } = await host.exec('echo begun; sleep 60', { timeout: 1 });
  expect(data).toMatchObject({ state: 'timed_out', untrusted: { stdout: { head: 'begun\n' } } });
  expect(text).toContain('its timeout was reached');
});

test('a signal that ended it is named', async () => {
  const { data } = await host.exec('kill -KILL $$');
  expect(data).toMatchObject({ state: 'finished', exit_status: 137, signal: 'KILL' });
});

test('a call answers within its budget', async () => {
  const began = performance.now();
  const { data } = await host.exec('sleep 60', { wait_seconds: 2 });
  expect(performance.now() - began).toBeLessThan(6_000);
  expect(data.state).toBe('running');
  await host.call('remote_cancel', { id: data.id });
});

test('live output as progress where the host asked for it, and none where it did not', async () => {
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

test('remote_session_info tells of the listener and the last commands', async () => {
  const { data } = await host.exec('exit 5');
  const info = await host.call('remote_session_info');
  expect(info.data).toMatchObject({ relay: relay.url, paste: null });
  expect(info.data.listener).toMatchObject({ connected: true, mode: 'auto' });
  expect(info.data.commands.at(-1)).toEqual({ id: data.id, state: 'finished', exit_status: 5 });
  expect(info.data.untrusted.listener).toMatch(/@/);
});
