import { describe, expect, onTestFinished, test } from 'vitest';
import { startLegacyRelay } from '../harness/legacy-relay.ts';
import type { CapturedProcess } from '../harness/captured-process.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { startListener } from '../harness/listener.ts';
import { startRemote, waitForState } from '../harness/remote.ts';
import { startSlotListener } from '../harness/slot-listener.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { expectFailure } from './expect-failure.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// `remotify wait`: blocks a script until a command ends or a listener connects.

const relay = useRelay();

async function setUpClient() {
  const client = await forTest(makeClient(relay));
  return client;
}

async function setUp() {
  const remote = await forTest(startRemote(relay));
  const gate = await forTest(makeGate(remote.configDir));
  return { ...remote, gate };
}

function start(client: Client, ...args: string[]): CapturedProcess {
  const cli = client.start(['wait', ...args]);
  onTestFinished(() => void cli.child.kill('SIGKILL'));
  return cli;
}

const ended = (cli: CapturedProcess) => withDeadline(cli.closed, 15_000, 'wait ends');

describe('wait for a command', () => {
  test('wait without an id: waits for the running command, exits with its status, prints none of its output', async () => {
    const remote = await setUp();
    await remote.run(['exec', '-d', `echo begun; ${remote.gate.wait}; echo out; echo err >&2; exit 7`]);
    await waitForState(remote, 'the command runs', ({ current }) => current === 'c1');
    await remote.run(['exec', '-d', 'exit 3']);
    const wait = start(remote);
    await eventually('wait waits', 15_000, () => wait.stderr().includes('waiting for command c1 to end'));
    await remote.gate.open();
    expect(await ended(wait)).toMatchObject({ code: 7 });
    expect(wait.stdout().toString()).toBe('');
    expect(wait.stderr()).toBe('remotify: waiting for command c1 to end\n');
  });

  test('wait for an ended command: its status immediately; without an id: the newest', async () => {
    const { run } = await setUp();
    await run(['exec', 'exit 4']);
    await run(['exec', 'exit 5']);
    expect(await run(['wait'])).toMatchObject({ exitCode: 5, text: '', stderr: '' });
    expect(await run(['wait', 'c1'])).toMatchObject({ exitCode: 4, text: '', stderr: '' });
    expect(await run(['wait', 'c1', '-w', '0'])).toMatchObject({ exitCode: 4, stderr: '' });
  });

  test('wait --quiet for a queued command: its status, and no output', async () => {
    const remote = await setUp();
    await remote.run(['exec', '-d', remote.gate.wait]);
    await waitForState(remote, 'the command runs', ({ current }) => current === 'c1');
    await remote.run(['exec', '-d', 'exit 6']);
    const wait = start(remote, 'c2', '-q');
    await remote.gate.open();
    expect(await ended(wait)).toMatchObject({ code: 6 });
    expect(wait.stderr()).toBe('');
  });

  test.each([
    ['timed out', ['--timeout', '1s', 'sleep 30'], 124, 'timed_out'],
    ['was killed', ['kill -9 $$'], 137, null],
  ] as const)('wait for a command that %s: status and error of exec', async (_title, args, code, error) => {
    const { run } = await setUp();
    const { text } = await run(['exec', '-d', ...args]);
    const result = await run(['wait', text.trim(), '--json']);
    expect(result.exitCode).toBe(code);
    const view = JSON.parse(result.text) as { id: string; error?: { code: string } };
    expect(view.id).toBe('c1');
    expect(view.error?.code ?? null).toBe(error);
  });

  test('the command is cancelled during wait: 255, and an error that it never ran', async () => {
    const client = await setUpClient();
    await client.makeSession();
    await client.run(['exec', '-d', 'true']);
    const wait = start(client);
    await eventually('wait waits', 15_000, () => wait.stderr().includes('c1, which is queued'));
    await client.run(['cancel', 'c1']);
    expect(await ended(wait)).toMatchObject({ code: 255 });
    expect(wait.stderr()).toMatch(/^remotify: error: command c1 was cancelled and never ran$/m);
  });

  test('wait --wait 1s: 255 and not_ended, the command continues; REMOTIFY_WAIT does not limit wait', async () => {
    const remote = await setUp();
    await remote.run(['exec', '-d', `${remote.gate.wait}; exit 2`]);
    await waitForState(remote, 'the command runs', ({ current }) => current === 'c1');
    const bounded = await remote.run(['wait', '-w', '1s', '--json']);
    expect(bounded.exitCode).toBe(255);
    expect(JSON.parse(bounded.text)).toMatchObject({
      error: { code: 'not_ended', message: 'command c1 did not end within 1 s (--wait): it is running' },
    });
    expectFailure(await remote.run(['wait', '-w', '0', '-q']), 255, /did not end within 0 s \(--wait\)/);
    const wait = remote.start(['wait'], { REMOTIFY_WAIT: '0' });
    await eventually('wait waits', 15_000, () => wait.stderr().includes('waiting for command c1'));
    await remote.gate.open();
    expect(await ended(wait)).toMatchObject({ code: 2 });
  });

  test('wait --json and Ctrl-C: 130 and one object', async () => {
    const remote = await setUp();
    await remote.run(['exec', '-d', remote.gate.wait]);
    const wait = start(remote, '--json');
    await eventually('wait waits', 15_000, () => wait.stderr().includes('waiting for command c1'));
    wait.child.kill('SIGINT');
    expect(await ended(wait)).toMatchObject({ code: 130 });
    expect(JSON.parse(wait.stdout().toString())).toMatchObject({ error: { code: 'interrupted' } });
    await remote.gate.open();
  });

  test.each([
    ['no commands yet', ['wait'], 255, /no commands/],
    ['an unknown id', ['wait', 'c9'], 255, /no such command: c9/],
    ['a malformed id', ['wait', '9'], 2, /not a command id: "9"/],
    ['--listener and an id', ['wait', '--listener', 'c1'], 2, /--listener takes no command/],
    ['a bad duration', ['wait', '-w', 'soon'], 2, /not a duration: "soon"/],
  ] as const)('wait with %s: an error', async (_title, args, code, error) => {
    const client = await setUpClient();
    await client.makeSession();
    expectFailure(await client.run(args), code, error);
  });
});

describe('wait --listener', () => {
  test('wait --listener: 0 once the line is pasted', async () => {
    const client = await setUpClient();
    const line = await client.makeSession('--auto');
    const wait = start(client, '--listener', '-w', '1m');
    await eventually('wait waits', 15_000, () => wait.stderr().includes('waiting for the remote to connect'));
    expect(wait.isRunning()).toBe(true);
    await forTest(startListener(line));
    expect(await ended(wait)).toMatchObject({ code: 0 });
    expect(wait.stdout().toString()).toBe('');
    expect(wait.stderr()).toMatch(/^remotify: connected: .+$/m);
  });

  test('wait --listener with a connected listener: 0 immediately, also with --wait 0; --json names it', async () => {
    const { run } = await setUp();
    expect(await run(['wait', '--listener', '-q', '-w', '0'])).toMatchObject({ exitCode: 0, stderr: '' });
    const { exitCode, text } = await run(['wait', '--listener', '--json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(text)).toMatchObject({
      session: 'session-1',
      listener: { mode: 'auto', attached: true },
    });
  });

  test.each([
    ['--wait 1s', ['-w', '1s'], {}, 'no listener connected within 1 s (--wait)'],
    ['--wait 500ms', ['-w', '500ms'], {}, 'no listener connected within 500 ms (--wait)'],
    ['--wait 0', ['-w', '0'], {}, 'no listener is connected'],
    ['REMOTIFY_WAIT=1s', [], { REMOTIFY_WAIT: '1s' }, 'no listener connected within 1 s (REMOTIFY_WAIT)'],
  ])('wait --listener, %s, no listener: 255 and no_listener', async (_title, args, env, message) => {
    const client = await setUpClient();
    await client.makeSession();
    const result = await client.run(['wait', '--listener', '--json', ...args], { env });
    expect(result.exitCode).toBe(255);
    expect(JSON.parse(result.text)).toMatchObject({ error: { code: 'no_listener', message } });
  });

  test('wait --listener, the session is gone: 255 with a hint', async () => {
    const client = await setUpClient();
    const made = await client.runJson<SessionPayload>('new');
    await fetch(made.urls.api, { method: 'DELETE' });
    expectFailure(await client.run(['wait', '--listener', '-q']), 255, /session session-1 is gone/);
  });

  test('wait --listener without a session: 255, and none is created', async () => {
    const { run, runJson } = await setUpClient();
    expectFailure(await run(['wait', '--listener']), 255, /no session yet/);
    expect(await runJson('list')).toMatchObject({ sessions: [] });
  });

  test('wait --listener on a legacy relay: 0 once a listener polls', async () => {
    const legacy = await forTest(startLegacyRelay());
    const client = await forTest(makeClient(legacy));
    const made = await client.runJson<SessionPayload>('new');
    expectFailure(await client.run(['wait', '--listener', '-w', '0']), 255, /no listener is connected/);
    const wait = start(client, '--listener', '-w', '1m');
    await eventually('wait waits', 15_000, () => wait.stderr().includes('waiting for the remote'));
    await forTest(startSlotListener(legacy.url, made.key));
    expect(await ended(wait)).toMatchObject({ code: 0 });
    expectFailure(await client.run(['wait']), 255, /legacy relay|no ids/);
  });
});
