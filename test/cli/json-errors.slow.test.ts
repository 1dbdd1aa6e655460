import { mkdir, writeFile } from 'node:fs/promises';
import { openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startLegacyRelay } from '../harness/legacy-relay.ts';
import { binaryPath } from '../harness/binary.ts';
import { findClosedPort, renderAnswer, startCannedServer } from '../harness/canned-server.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { startRelay } from '../harness/relay-process.ts';
import { startRemote, waitForState } from '../harness/remote.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// With --json, a failure of any command is one object on stdout; the message is also on stderr.

const relay = useRelay();

async function setUp(): Promise<Client> {
  const client = await forTest(makeClient(relay));
  return client;
}

async function setUpSession(): Promise<Client & { made: SessionPayload }> {
  const client = await setUp();
  return { ...client, made: await client.runJson<SessionPayload>('new', '--name', 'prod') };
}

interface Failed {
  error: { code: string; message: string; hint: string | null };
}

type Result = { exitCode: number | null; text: string; stderr: string };

/** Expects one object and nothing else, with the message and hint of stderr. */
function expectError({ exitCode, text, stderr }: Result, code: string, status: number): Failed['error'] {
  expect(text, stderr).not.toBe('');
  const shown = JSON.parse(text) as Failed;
  expect(Object.keys(shown)).toEqual(['error']);
  expect(Object.keys(shown.error)).toEqual(['code', 'message', 'hint']);
  expect(shown.error.code, text).toBe(code);
  expect(stderr).toContain(`error: ${shown.error.message}\n`);
  if (shown.error.hint !== null) expect(stderr).toContain(`hint: ${shown.error.hint}\n`);
  expect(text).not.toMatch(/[0-9a-f]{32}/);
  expect(exitCode).toBe(status);
  return shown.error;
}

const key = '0123456789abcdef0123456789abcdef';

describe('--json with wrong arguments', () => {
  test.each<[string, string[], string]>([
    ['an unknown flag', ['exec', '--json', '--frobnicate', 'true'], 'usage'],
    ['an unknown flag, --json before the command', ['--json', 'status', '--frobnicate'], 'usage'],
    ['a bad value before --json', ['exec', '--timeout', 'soon', '--json', 'true'], 'usage'],
    ['a bad value after joined flags', ['exec', '-dt', 'soon', '--json', 'true'], 'usage'],
    ['a flag without its value', ['exec', '--json', '--timeout'], 'usage'],
    ['an unknown command', ['stauts', '--json'], 'usage'],
    ['an unknown command with --help', ['stauts', '--json', '--help'], 'usage'],
    ['help of an unknown command', ['help', 'stauts', '--json'], 'usage'],
    ['too many arguments', ['list', 'all', '--json'], 'usage'],
    ['a missing argument', ['use', '--json'], 'usage'],
    ['no command to run', ['exec', '--json'], 'usage'],
    ['a bad id', ['logs', '--json', '12'], 'usage'],
    ['a bad signal', ['cancel', '--signal=HUP', '--json'], 'usage'],
    ['a bad name', ['new', '--name', 'a b', '--json'], 'usage'],
    ['two contradicting flags', ['new', '--no-wait', '--wait', '--json'], 'usage'],
    ['--copy off a terminal', ['new', '--copy', '--json'], 'usage'],
    ['an unknown setting', ['config', 'set', 'colour', 'red', '--json'], 'usage'],
    ['a shell without completions', ['completion', 'tcsh', '--json'], 'usage'],
    ['a value for --json', ['status', '--json=yes'], 'usage'],
    ['a host without a snippet', ['mcp', 'config', 'nohost', '--json'], 'usage'],
    ['one path for cp', ['cp', 'a', '--json'], 'usage'],
    ['an invalid port', ['serve', '--port', '99999', '--json'], 'usage'],
    ['two sessions', ['status', '-s', 'a', '-s', 'b', '--json'], 'usage'],
    ['a bad address', ['new', '--url', 'ftp://relay.example', '--json'], 'usage'],
    ['a session that is not stored', ['status', '-s', 'nowhere', '--json'], 'no_such_session'],
    ['a session that is not stored: use', ['use', 'nowhere', '--json'], 'no_such_session'],
    ['a malformed key', ['status', '-s', `${key}0`, '--json'], 'no_such_session'],
    ['--quiet and --json', ['-q', 'use', 'nowhere', '--json'], 'no_such_session'],
  ])('%s: an error object', async (_title, args, code) => {
    const { run } = await setUpSession();
    expectError(await run(args), code, 2);
  });

  test.each([
    ['an option of the remote command', ['exec', '--frobnicate', 'true', '--json']],
    ['the remote command', ['exec', '--frobnicate', '--', '--json']],
    ['the value of an option', ['exec', '--frobnicate', '--cwd', '--json', 'true']],
    ['the value of the session', ['-s', '--json', 'status', '--frobnicate']],
  ])('--json is %s: the error goes to stderr, stdout is empty', async (_title, args) => {
    const { run } = await setUpSession();
    expect(await run(args)).toMatchObject({ exitCode: 2, text: '' });
  });

  test('--json with --help or --version: no error object', async () => {
    const { run } = await setUp();
    for (const args of [
      ['--json', '--help'],
      ['exec', '--json', '--help'],
      ['--json', '--version'],
      ['--json'],
    ]) {
      const { exitCode, text, stderr } = await run(args);
      expect([exitCode, stderr]).toEqual([0, '']);
      expect(text).not.toContain('{');
    }
  });
});

describe('--json errors of sessions and settings', () => {
  test.each([['status'], ['logs', '-s', 'x'], ['cancel'], ['reset'], ['end'], ['history']])(
    'no session for %s: an error object',
    async (...args) => {
      const { run } = await setUp();
      const [code, status] = args[0] === 'logs' ? (['usage', 2] as const) : (['no_session', 255] as const);
      expectError(await run([...args, '--json']), code, status);
    },
  );

  test('a session that is gone: code gone, and the hint has its name', async () => {
    const { run, made } = await setUpSession();
    expect((await curl(['-X', 'DELETE', made.urls.api])).status).toBe(204);
    for (const args of [
      ['status'],
      ['cancel'],
      ['reset'],
      ['history'],
      ['exec', 'true'],
      ['exec', '-w', '0', 'true'],
    ]) {
      const [name = '', ...rest] = args;
      const { hint } = expectError(await run([name, '--json', ...rest]), 'gone', 255);
      expect(hint).toContain('remotify new --name prod');
    }
  });

  test('the listener key: the code of the relay', async () => {
    const { run, made } = await setUpSession();
    expectError(await run(['status', '--json', '-s', made.listener_key]), 'listener_key', 255);
  });

  test.each([
    ['a missing token', 'token_needed', { flags: ['--token', 'secret'] }],
    ['too many sessions', 'rate_limited', { flags: ['--rate-limit', '1r/h', '--rate-limit-burst', '0'] }],
  ])('new with %s: the code of the relay', async (_title, code, options) => {
    const guarded = await forTest(startRelay(options));
    const client = await forTest(makeClient(guarded));
    await client.run(['new']);
    expectError(await client.run(['new', '--json']), code, 255);
  });

  test('settings that are not JSON, that are a folder, or that cannot be created: code settings', async () => {
    const { run, configDir } = await setUp();
    const path = join(configDir, 'config.json');
    await writeFile(path, '{"sessions": ');
    for (const args of [['status'], ['new'], ['list'], ['config'], ['exec', 'true']])
      expectError(await run([args[0] ?? '', '--json', ...args.slice(1)]), 'settings', 255);
    await mkdir(join(configDir, 'other', 'config.json'), { recursive: true });
    expectError(await run(['list', '--json', '--config-dir', join(configDir, 'other')]), 'settings', 255);
    expectError(await run(['new', '--json', '--config-dir', join(path, 'below')]), 'settings', 255);
  });

  test('an unknown command id: code no_such_command', async () => {
    const { run } = await setUpSession();
    for (const args of [
      ['cancel', 'c9'],
      ['status', 'c9'],
    ])
      expectError(await run([...args, '--json']), 'no_such_command', 255);
  });

  test('history and status ID on a legacy relay: code not_supported', async () => {
    const legacy = await forTest(startLegacyRelay());
    const client = await forTest(makeClient(legacy));
    await client.makeSession();
    expectError(await client.run(['history', '--json']), 'not_supported', 255);
    expectError(await client.run(['status', 'c1', '--json']), 'not_supported', 255);
  });
});

describe('--json errors of the relay', () => {
  test.each([['status'], ['history'], ['cancel'], ['reset'], ['end'], ['new', '--no-wait']])(
    'the relay is down, %s: code unreachable',
    async (...args) => {
      const { run } = await setUpSession();
      const url = `http://127.0.0.1:${await findClosedPort()}`;
      expectError(await run(['--url', url, ...args, '--json']), 'unreachable', 255);
    },
  );

  test.each([
    ['a web page', renderAnswer('200 OK', '<html>', ['Content-Type: text/html']), 'not_a_relay'],
    ['a redirect', renderAnswer('302 Found', '', ['Location: http://127.0.0.1:1/']), 'not_a_relay'],
    [
      'a relay that has moved',
      renderAnswer('426 Upgrade Required', '{"endpoint": "https://new.example"}'),
      'moved',
    ],
    ['502 of a proxy', renderAnswer('502 Bad Gateway', ''), 'refused'],
    ['an unknown code', renderAnswer('418 Teapot', 'no', ['Remotify-Error: teapot']), 'refused'],
    [
      'a code that is a property of every object',
      renderAnswer('403 No', 'no', ['Remotify-Error: constructor']),
      'refused',
    ],
    [
      'control characters',
      renderAnswer('403 No', '\u001b[2J\u009b', ['Remotify-Error: listener_key']),
      'listener_key',
    ],
  ])('the server answers with %s: an error object', async (_title, answer, code) => {
    const { run } = await setUpSession();
    const server = await forTest(startCannedServer(answer));
    const { text, ...rest } = await run(['--url', server.url, 'new', '--json']);
    expectError({ text, ...rest }, code, 255);
    // oxlint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });
});

describe('--json errors of serve', () => {
  test.each([
    ['a port that is taken', () => ['--port', String(relay.port), '--store', 'memory:']],
    ['a store that cannot be opened', () => ['--port', '0', '--store', 'file:/proc/x']],
    [
      'a certificate that is missing',
      () => ['--port', '0', '--store', 'memory:', '--tls-cert', '/nowhere', '--tls-key', '/nowhere'],
    ],
    ['taken port, --log json', () => ['--port', String(relay.port), '--store', 'memory:', '--log', 'json']],
  ])('serve with %s: code cannot_serve', async (title, args) => {
    const { run } = await setUp();
    const result = await run(['serve', '--host', '127.0.0.1', '--json', ...args()]);
    const shown = JSON.parse(result.text) as Failed;
    expect(shown.error.code).toBe('cannot_serve');
    expect(result.exitCode).toBe(255);
    if (!title.includes('log')) expectError(result, 'cannot_serve', 255);
  });
});

test('--json with stdout on a full device: the error goes to stderr, and 255', async () => {
  const { configDir } = await setUpSession();
  const full = openSync('/dev/full', 'w');
  onTestFinished(() => closeSync(full));
  const { status, stderr } = spawnSync(process.execPath, [binaryPath, 'status', '--json'], {
    env: cleanEnvironment(configDir, { REMOTIFY_CONFIG_DIR: configDir }),
    stdio: ['ignore', full, 'pipe'],
  });
  expect(stderr.toString()).toMatch(
    /^remotify: error: cannot write to stdout: no space left on the device \(ENOSPC\)\nremotify: hint: .+\n$/,
  );
  expect(status).toBe(255);
});

describe('new --json --wait', () => {
  test('no listener connects: stdout has the session, as its line is needed, and the exit status is 255', async () => {
    const { run } = await setUp();
    const { exitCode, text, stderr } = await run(['new', '--json', '--wait', '1s']);
    expect(JSON.parse(text)).toMatchObject({ name: 'session-1', remote_quickstart: expect.any(String) });
    expect(stderr).toContain('no listener connected within 1 s');
    expect(exitCode).toBe(255);
  });
});

describe('exec --json', () => {
  test('a remote command that fails: its report, without an error', async () => {
    const remote = await forTest(startRemote(relay));
    const { exitCode, text } = await remote.run(['exec', '--json', 'echo out; exit 7']);
    const report = JSON.parse(text) as object;
    expect(report).toMatchObject({ state: 'finished', exit_status: 7, stdout: 'out\n' });
    expect(report).not.toHaveProperty('error');
    expect(exitCode).toBe(7);
  });

  test('a command that times out: the report with the error', async () => {
    const remote = await forTest(startRemote(relay));
    const { exitCode, text, stderr } = await remote.run(['exec', '--json', '-t', '1', 'echo out; sleep 60']);
    const report = JSON.parse(text) as Failed;
    expect(report).toMatchObject({
      id: 'c1',
      state: 'timed_out',
      stdout: 'out\n',
      error: { code: 'timed_out' },
    });
    expect(stderr).toContain(`error: ${report.error.message}\n`);
    expect(exitCode).toBe(124);
  });

  test('cancelled by another client before it started: the report with the error', async () => {
    const client = await setUpSession();
    const exec = client.start(['exec', '--json', 'true']);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    await waitForState(client, 'the command is queued', ({ commands }) => commands.length === 1);
    await client.run(['cancel']);
    await withDeadline(exec.closed, 15_000, 'exec ends');
    expect(JSON.parse(exec.stdout().toString())).toMatchObject({
      state: 'cancelled',
      error: { code: 'cancelled', message: expect.any(String) },
    });
  });

  test('no listener in time: the report with the error', async () => {
    const { run } = await setUpSession();
    const { exitCode, text } = await run(['exec', '--json', '-w', '1s', 'true']);
    expect(JSON.parse(text)).toMatchObject({
      state: 'expired',
      error: { code: expect.stringMatching(/^(expired|no_listener)$/) },
    });
    expect(exitCode).toBe(255);
  });

  test('--wait 0 without a listener: only an error, as there is no command', async () => {
    const { run } = await setUpSession();
    expectError(await run(['exec', '--json', '-w', '0', 'true']), 'no_listener', 255);
  });

  test('a second Ctrl-C: only an error, as there is no report', async () => {
    const remote = await forTest(startRemote(relay));
    const exec = remote.start(['exec', '--json', 'trap "" INT TERM; echo begun; sleep 60']);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    await waitForState(remote, 'the command runs', ({ commands }) => commands[0]?.state === 'running');
    exec.child.kill('SIGINT');
    await eventually('exec reports the first', 10_000, () => exec.stderr().includes('stopping command c1'));
    exec.child.kill('SIGINT');
    expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 130 });
    expect(JSON.parse(exec.stdout().toString())).toMatchObject({ error: { code: 'interrupted' } });
  });

  test('several sessions: each has an error object of its own, or null', async () => {
    const remote = await forTest(startRemote(relay));
    const { urls } = await remote.runJson<SessionPayload>('new', '--name', 'ended');
    await curl(['-X', 'DELETE', urls.api]);
    const { text } = await remote.run(['exec', '--json', '-s', 'session-1', '-s', 'ended', 'echo hi']);
    expect(JSON.parse(text)).toMatchObject({
      sessions: [
        { session: 'session-1', exit_code: 0, error: null, stdout: 'hi\n' },
        {
          session: 'ended',
          exit_code: 255,
          error: { code: 'gone', message: expect.any(String), hint: expect.any(String) },
        },
      ],
    });
  });
});
