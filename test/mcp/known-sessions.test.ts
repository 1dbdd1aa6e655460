import { expect, test } from 'vitest';
import { findClosedPort } from '../harness/canned-server.ts';
import { startRelay } from '../harness/relay-process.ts';
import { startRemote } from '../harness/remote.ts';
import { startMcpHost } from './mcp-host.ts';
import { ownWords } from './read-answer.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay();

async function setUp() {
  const remote = await forTest(startRemote(relay));
  const host = await forTest(startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url }));
  return { remote, host };
}

test('one stored session: remote_session_info lists no others', async () => {
  const { host } = await setUp();
  expect((await host.call('remote_session_info')).text).not.toContain('Other sessions');
});

test('several stored sessions: remote_session_info lists relay and listener of each, and marks the current one', async () => {
  const { remote, host } = await setUp();
  await remote.makeSession('--name', 'idle');
  const gone = await remote.runJson<{ key: string }>('new', '--name', 'gone');
  await fetch(`${relay.url}/api/session/${gone.key}`, { method: 'DELETE' });
  await remote.makeSession('--name', 'prod');
  const { text } = await host.call('remote_session_info');
  expect(text).toContain(`Session prod on ${relay.url}.`);
  expect(ownWords(text)).toContain(
    [
      'Other sessions, chosen by session:',
      `  session-1 on ${relay.url}: a listener is connected`,
      `  idle on ${relay.url}: no listener`,
      `  gone on ${relay.url}: gone from its relay`,
      '',
    ].join('\n'),
  );
  const other = await host.call('remote_session_info', { session: 'session-1' });
  expect(other.text).toContain('A listener is connected');
  expect(other.text).toContain(`  prod (current) on ${relay.url}: no listener\n`);
});

test('a stored session whose relay is down: listed as such, without a long wait', async () => {
  const { remote, host } = await setUp();
  await remote.makeSession('--name', 'other');
  const port = await findClosedPort();
  const away = await startRelay({ port });
  await remote.run(['new', '--name', 'away', '--url', away.url]);
  await away.stop();
  await remote.run(['use', 'session-1']);
  const { text } = await host.call('remote_session_info');
  expect(text).toContain(`  away on ${away.url}: its relay does not answer`);
  expect(text).toContain(`  other on ${relay.url}: no listener`);
});

test('an unknown session name: every tool returns an error with the stored names', async () => {
  const { remote, host } = await setUp();
  await remote.makeSession('--name', 'prod');
  for (const [tool, input] of [
    ['remote_exec', { command: 'true' }],
    ['remote_output', { id: 'c1' }],
    ['remote_cancel', {}],
    ['remote_read_file', { path: 'x' }],
    ['remote_write_file', { path: 'x', content: 'y' }],
    ['remote_session_info', {}],
    ['remote_session_reset', {}],
  ] as const) {
    const { text, isError } = await host.call(tool, { ...input, session: 'production' });
    expect([tool, isError]).toEqual([tool, true]);
    expect(text).toContain('no stored session is called "production"');
    expect(text).toContain('the stored sessions are session-1, prod (current)');
    expect(text).not.toContain('do not look for another way');
  }
});

test('remote_session_info: texts of the last commands are fenced, with one line each', async () => {
  const { host } = await setUp();
  await host.exec('echo one\n\techo two\x1b[31m');
  await host.exec('true', { cwd: '/tmp' });
  const { text } = await host.call('remote_session_info');
  expect(text).toContain('begin untrusted texts of the commands\n');
  expect(text).toContain('c1: echo one echo two\\x1b[31m\nc2: cd -- /tmp || exit true\n');
  expect(ownWords(text)).not.toContain('echo one');
});

test('one session under its stored name and as the default: commands are available under both', async () => {
  const { host } = await setUp();
  const { data } = await host.exec('echo ok');
  const page = await host.call('remote_output', { id: data.id, session: 'session-1' });
  expect(page.data.untrusted.text).toBe('ok\n');
});

test('a stored session with a pinned line: the answer shows the pinned line', async () => {
  const { remote, host } = await setUp();
  const line = await remote.makeSession('--pin', '--name', 'pinned');
  expect(line).toContain('sha256sum');
  const { text } = await host.exec('true', { session: 'pinned', wait_seconds: 0 });
  expect(text).toContain(`  ${line}\n`);
});
