import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { type LegacyRelay, startLegacyRelay } from '../harness/legacy-relay.ts';
import { makeClient } from '../harness/client.ts';
import { startSlotListener } from '../harness/slot-listener.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { startMcpHost } from './mcp-host.ts';
import { forTest } from '../harness/for-test.ts';

// A legacy relay, which has only slots: the tools work, with fewer features.

let relay: LegacyRelay;
beforeAll(async () => {
  relay = await startLegacyRelay();
  return relay.close;
});

async function setUp(env: (key: string) => Record<string, string> = () => ({})) {
  const client = await makeClient(relay);
  const made = await client.runJson<SessionPayload>('new');
  const host = await startMcpHost(client.configDir, { REMOTIFY_URL: relay.url, ...env(made.key) });
  onTestFinished(async () => {
    await host.close();
    await client.remove();
  });
  return { ...host, made };
}

async function setUpListener(env?: (key: string) => Record<string, string>) {
  const host = await setUp(env);
  await forTest(startSlotListener(relay.url, host.made.key));
  return host;
}

test('output and exit status: kept in memory, and remote_output can read them again', async () => {
  const host = await setUpListener();
  const { data } = await host.exec('echo out; echo err >&2; exit 7');
  expect(data).toMatchObject({
    state: 'finished',
    exit_status: 7,
    untrusted: { stdout: { head: 'out\nerr\n' }, stderr: { bytes: 0 } },
  });
  const page = await host.call('remote_output', { id: data.id, search: 'err' });
  expect(page.data).toMatchObject({ complete: true, untrusted: { matches: [{ offset: 4, line: 'err' }] } });
});

test('only REMOTIFY_KEY is set: the client detects the legacy relay', async () => {
  const host = await setUpListener((key) => ({ REMOTIFY_KEY: key }));
  expect((await host.exec('echo ok')).data.untrusted.stdout.head).toBe('ok\n');
});

test('four calls at once: run one after the other, each with its own output, and the identical call joins', async () => {
  const host = await setUpListener();
  const answers = await Promise.all(['a', 'b', 'c', 'a'].map((word) => host.exec(`echo ${word}; date +%N`)));
  const firsts = answers.map(({ data }) => data.untrusted.stdout.head.split('\n')[0]);
  expect(firsts).toEqual(['a', 'b', 'c', 'a']);
  expect(answers[3]?.data.id).toBe(answers[0]?.data.id);
});

test('no listener: the answer has both lines to paste, and the queued command can be cancelled', async () => {
  const host = await setUp();
  const { data } = await host.exec('true');
  expect(data.state).toBe('queued');
  expect(data.paste?.supervised).toBe(host.made.remote_quickstart);
  expect(data.paste?.auto).toContain('?mode=auto');
  const cancelled = await host.call('remote_cancel');
  expect(cancelled.data).toMatchObject({ id: data.id, outcome: 'It was cancelled', state: 'cancelled' });
});

test('remote_cancel of a running command: the answer explains that it cannot be stopped', async () => {
  const host = await setUpListener();
  const { data } = await host.exec('sleep 2; echo end', { wait_seconds: 1.5 });
  expect(data.state).toBe('running');
  const answer = await host.call('remote_cancel', { id: data.id });
  expect(answer.data).toMatchObject({ outcome: 'It was not stopped', state: 'running' });
  expect((await host.exec('sleep 2; echo end')).data.untrusted.stdout.head).toBe('end\n');
});

test('stdin or timeout: an error, and nothing runs', async () => {
  const host = await setUpListener();
  for (const more of [{ stdin: 'x' }, { timeout: 5 }]) {
    const { isError, text } = await host.exec('true', more);
    expect(isError).toBe(true);
    expect(text).toContain('this is a legacy relay');
  }
});

test('remote_write_file and remote_read_file: work, and report a missing file', async () => {
  const host = await setUpListener();
  const folder = await forTest(makeTemporaryFolder());
  const path = `${folder.path}/it's a file`;
  const content = 'one\ntwo';
  const written = await host.call('remote_write_file', { path, content });
  expect([written.isError, written.text]).toEqual([false, expect.stringContaining('it has 7 bytes.')]);
  expect(await readFile(path, 'utf8')).toBe(content);
  const { data, text } = await host.call('remote_read_file', { path });
  expect(data).toMatchObject({ bytes: 7, complete: true, untrusted: { text: content } });
  expect(text).toContain(`SHA-256 is ${createHash('sha256').update(content).digest('hex')}`);
  const none = await host.call('remote_read_file', { path: `${path}2` });
  expect([none.isError, none.text]).toEqual([
    true,
    expect.stringContaining('was not read: it does not exist'),
  ]);
});

test('remote_session_info, reset and rotate: work', async () => {
  const host = await setUpListener();
  const info = await host.call('remote_session_info');
  expect(info.data).toMatchObject({ relay: relay.url, listener: { connected: true, mode: null } });
  expect((await host.call('remote_session_reset')).data.rotated).toBe(false);
  const rotated = await host.call('remote_session_reset', { rotate: true });
  expect(rotated.data.paste?.supervised).not.toBe(host.made.remote_quickstart);
});

test('a declined command: the answer has the reason of the operator', async () => {
  const host = await setUp();
  const call = host.exec('true', { wait_seconds: 20 });
  await fetchCommand(host.made);
  const { urls } = host.made;
  await fetch(urls.result, { method: 'POST', body: '[declined by operator] not today' });
  const first = (await call).data;
  const { data } = first.state === 'queued' ? await host.exec('true') : { data: first };
  expect(data).toMatchObject({ state: 'declined', untrusted: { reason: 'not today' } });
});

async function fetchCommand({ urls }: SessionPayload): Promise<string> {
  for (let polls = 0; polls < 50; polls++) {
    const answer = await fetch(urls.cmd);
    if (answer.status === 200) return answer.text();
  }
  throw new Error('no command came');
}
