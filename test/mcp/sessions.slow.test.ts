import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { readSession, startRemote } from '../harness/remote.ts';
import { makeSession } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { startMcpHost } from './mcp-host.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay();

async function setUp(env: Record<string, string> = {}) {
  const folder = await makeTemporaryFolder();
  const host = await startMcpHost(folder.path, { REMOTIFY_URL: relay.url, ...env });
  onTestFinished(async () => {
    await host.close();
    await folder.remove();
  });
  return { ...host, configDir: folder.path };
}

async function endSession(key: string): Promise<void> {
  expect((await curl(['-X', 'DELETE', `${relay.url}/api/session/${key}`])).status).toBe(204);
}

test('no session and no listener: a quick answer with both lines; after one is pasted, the queued command runs once', async () => {
  const host = await setUp();
  const command = `echo run >> '${host.configDir}/runs'; echo done`;
  const began = performance.now();
  const { data, text } = await host.exec(command);
  expect(performance.now() - began).toBeLessThan(15_000);
  expect(data).toMatchObject({ state: 'queued', exit_status: null });
  expect(data.notices.join()).toContain('there was no session yet');
  const { supervised = '', auto = '', request = '' } = data.paste ?? {};
  expect(supervised).toMatch(/^curl .*\/r\/[0-9a-f]{32}' \| bash$/);
  expect(auto).toBe(supervised.replace(/'( \| bash)$/, "?mode=auto'$1"));
  for (const part of [supervised, auto ?? '', request]) expect(text).toContain(part);
  expect(request).toContain('ask them to paste one of them');
  // The lines were shown, so the next identical call joins and waits for its whole budget.
  const again = await host.exec(command, { wait_seconds: 1 });
  expect(again.data).toMatchObject({ id: data.id, state: 'queued' });
  expect(again.data.paste?.supervised).toBe(supervised);

  const waiting = host.exec(command);
  await forTest(startListener(auto ?? ''));
  const { data: last } = await waiting;
  expect(last).toMatchObject({ id: data.id, state: 'finished', exit_status: 0, paste: null });
  expect(await readFile(join(host.configDir, 'runs'), 'utf8')).toBe('run\n');
});

test('a session that the server created: stored in the config folder', async () => {
  const host = await setUp();
  await host.exec('true', { wait_seconds: 0 });
  expect((await readSession(host.configDir)).url).toBe(relay.url);
});

test('20 calls at once without a session: one session is created', async () => {
  const host = await setUp();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, number) => host.exec(`echo ${number}`, { wait_seconds: 0 })),
  );
  expect(new Set(answers.map(({ data }) => data.session)).size).toBe(1);
  expect(new Set(answers.map(({ data }) => data.id)).size).toBe(20);
});

test('REMOTIFY_KEY of an expired session: a new session is created, and the answer reports it', async () => {
  const old = await makeSession(relay);
  await endSession(old.key);
  const host = await setUp({ REMOTIFY_KEY: old.key });
  expect((await host.call('remote_session_info')).data.notices.join()).toContain('is gone');
  const { data, text } = await host.exec('true', { wait_seconds: 0 });
  expect(data.notices.join()).toContain('was created because the session was gone');
  expect(text).toContain('was created because the session was gone');
  expect(data.paste?.supervised).toContain('/r/');
});

test('a session that expires between two calls: one new session is created for all calls', async () => {
  const host = await setUp();
  await host.exec('true', { wait_seconds: 0 });
  await endSession((await readSession(host.configDir)).key);
  const answers = await Promise.all([1, 2, 3].map((n) => host.exec(`echo ${n}`, { wait_seconds: 0 })));
  for (const { data } of answers)
    expect(data.notices.join()).toContain('was created because the session was gone');
  expect(new Set(answers.map(({ data }) => data.session)).size).toBe(1);
});

test('a session that ends while its command runs: an error with outcome unknown, and the command is not repeated', async () => {
  const remote = await forTest(startRemote(relay));
  const host = await forTest(startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url }));
  await host.exec('sleep 300', { wait_seconds: 1 });
  await endSession((await readSession(remote.configDir)).key);
  const { isError, text } = await host.exec('sleep 300');
  expect(isError).toBe(true);
  expect(text).toContain('its outcome is unknown');
  expect(text).toContain('a new session, ');
  expect((await host.exec('true', { wait_seconds: 0 })).data.state).toBe('queued');
});

test('the session argument: accepts the name of a stored session, or its key', async () => {
  const remote = await forTest(startRemote(relay));
  const { key } = await readSession(remote.configDir);
  await remote.makeSession('--name', 'other');
  const host = await forTest(startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url }));
  expect((await host.exec('true', { wait_seconds: 0 })).data).toMatchObject({ session: 'other' });
  for (const session of ['session-1', key]) {
    const { data } = await host.exec('echo here', { session });
    expect(data).toMatchObject({ session: 'session-1', state: 'finished' });
    expect((await host.call('remote_output', { id: data.id, session })).isError).toBe(false);
  }
  expect(JSON.stringify(await host.call('remote_session_info'))).not.toContain(key);
});

test('remote_session_reset: cancels queued commands; with rotate: creates a new session', async () => {
  const host = await setUp();
  await host.exec('true', { wait_seconds: 0 });
  const reset = await host.call('remote_session_reset');
  expect(reset.data).toMatchObject({ rotated: false, cleared: 'queued commands' });
  const { key } = await readSession(host.configDir);
  const rotated = await host.call('remote_session_reset', { rotate: true });
  expect(rotated.data.rotated).toBe(true);
  expect(rotated.text).toContain(rotated.data.paste?.supervised);
  expect((await curl([`${relay.url}/api/session/${key}`])).status).toBe(410);
  const next = await host.exec('true', { wait_seconds: 0 });
  expect(next.text).toContain('was created because the old one was ended on request');
  expect(next.data.session).toBe(rotated.data.session);
});

test('a relay that is down: every tool returns an error without stack trace, key or mention of ssh', async () => {
  const key = 'c0ffee00c0ffee00c0ffee00c0ffee00';
  const host = await setUp({ REMOTIFY_URL: 'http://127.0.0.1:1', REMOTIFY_KEY: key });
  for (const [tool, input] of [
    ['remote_exec', { command: 'true' }],
    ['remote_output', { id: 'c1' }],
    ['remote_cancel', {}],
    ['remote_session_info', {}],
    ['remote_session_reset', {}],
  ] as const) {
    const { isError, text } = await host.call(tool, input);
    expect(isError, tool).toBe(true);
    expect(text, tool).toContain('cannot reach http://127.0.0.1:1: connection refused');
    expect(text, tool).not.toMatch(/\bssh\b|c0ffee00c0ffee|\.cjs|at \w+ \(/);
  }
  expect(host.stderr()).toBe('');
});

test('a relay that is frozen and resumed while a command runs: the same call joins the command', async () => {
  const own = await forTest(startRelay());
  const remote = await forTest(startRemote(own));
  const host = await forTest(startMcpHost(remote.configDir, { REMOTIFY_URL: own.url }));
  const command = `echo run >> '${remote.configDir}/runs'; sleep 2; echo done`;
  const { data } = await host.exec(command, { wait_seconds: 1 });
  const { pid } = own;
  process.kill(pid, 'SIGSTOP');
  onTestFinished(() => void process.kill(pid, 'SIGCONT'));
  setTimeout(() => process.kill(pid, 'SIGCONT'), 1_500);
  const { data: last } = await host.exec(command);
  expect(last).toMatchObject({ id: data.id, state: 'finished', exit_status: 0 });
  expect(await readFile(join(remote.configDir, 'runs'), 'utf8')).toBe('run\n');
});
