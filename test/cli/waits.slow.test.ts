import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { StartTimer } from '../../src/cli/exec/start-timer.ts';
import { openHttp } from '../../src/client/undici-http.ts';
import { RelayClient } from '../../src/client/relay-client.ts';
import type { CapturedProcess } from '../harness/captured-process.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { startListener } from '../harness/listener.ts';
import { readSession, startRemote, waitForState } from '../harness/remote.ts';
import { codeOf } from '../stopping/operator.ts';
import { readFailure } from './read-failure.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// How long exec waits before the start: in total (--wait), for a listener (--wait-listener), for approval (--wait-approval).

const relay = useRelay();

async function setUp(): Promise<Client & { trace: string; line: string }> {
  const client = await forTest(makeClient(relay));
  const line = await client.makeSession('--auto');
  return { ...client, line, trace: join(client.configDir, 'trace') };
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

async function startLine(line: string): Promise<void> {
  await forTest(startListener(line));
}

function start(client: Client, args: string[], env: Record<string, string> = {}): CapturedProcess {
  const exec = client.start(['exec', ...args], env);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  return exec;
}

describe('limits without a listener', () => {
  test('--wait-listener 1s within the default wait: fails, and the command never runs', async () => {
    const client = await setUp();
    const result = await client.run(['exec', '--wait-listener', '1s', `touch '${client.trace}'`]);
    expect(result).toMatchObject({ exitCode: 255, text: '' });
    expect(readFailure(result.stderr)).toEqual({
      error: 'command c1 never ran: no listener connected to session session-1 within 1 s (--wait-listener)',
      hint: 'paste its line on the remote, or wait longer: --wait-listener 10m',
    });
    await startLine(client.line);
    expect(await client.run(['exec', 'echo later'])).toMatchObject({ exitCode: 0, text: 'later\n' });
    expect(await exists(client.trace)).toBe(false);
  });

  test('--wait-listener 0 and --wait 0: fail immediately, and push nothing', async () => {
    const client = await setUp();
    const forms: [string[], Record<string, string>, string][] = [
      [['--wait-listener', '0'], {}, '--wait-listener 10m'],
      [['-w', '0'], {}, '--wait 10m'],
      [['-w', '0', '--wait-approval', '5m'], {}, '--wait 10m'],
      [[], { REMOTIFY_WAIT: '0' }, 'REMOTIFY_WAIT=10m'],
    ];
    for (const [args, env, hint] of forms) {
      const result = await client.run(['exec', ...args, 'true'], { env });
      expect(result.exitCode).toBe(255);
      expect(readFailure(result.stderr)).toEqual({
        error: 'no listener is connected to session session-1',
        hint: `paste its line on the remote, or wait longer: ${hint}`,
      });
    }
    expect(await client.runJson('status')).toMatchObject({ commands: [] });
  });

  test('--wait-listener 500ms --json: one object with the command and the error', async () => {
    const client = await setUp();
    const result = await client.run(['exec', '--json', '--wait-listener', '500ms', 'true']);
    expect(result.exitCode).toBe(255);
    expect(JSON.parse(result.text)).toMatchObject({
      id: 'c1',
      state: 'cancelled',
      error: { code: 'no_listener', message: expect.stringContaining('within 500 ms (--wait-listener)') },
    });
  });

  test('--wait 0 --wait-listener 1m: a listener that connects in time runs the command', async () => {
    const client = await setUp();
    const exec = start(client, ['-w', '0', '--wait-listener', '1m', 'echo ran']);
    await waitForState(client, 'the command is queued', (state) => state.queue_length === 1);
    await startLine(client.line);
    expect(await codeOf(exec, 'exec ends', 15_000)).toBe(0);
    expect(exec.stdout().toString()).toBe('ran\n');
  });
});

describe('limits with a busy listener', () => {
  async function setUpBusy() {
    const remote = await forTest(startRemote(relay));
    const gate = await forTest(makeGate(remote.configDir));
    await remote.run(['exec', '-d', gate.wait]);
    await waitForState(remote, 'the first command runs', ({ current }) => current === 'c1');
    return { ...remote, gate };
  }

  test('--wait 0, also with other limits: fails immediately, and pushes nothing', async () => {
    const remote = await setUpBusy();
    for (const args of [
      ['-w', '0'],
      ['-w', '0', '--wait-approval', '5m'],
      ['-w', '0', '--wait-listener', '5m'],
    ]) {
      const result = await remote.run(['exec', '--json', ...args, 'true']);
      expect(result.exitCode).toBe(255);
      expect(JSON.parse(result.text)).toEqual({
        error: {
          code: 'listener_busy',
          message: 'the listener of session session-1 is busy',
          hint: 'wait longer: --wait 10m, or run `remotify status`',
        },
      });
    }
    expect(await remote.runJson('status')).toMatchObject({ queue_length: 0 });
  });

  test('--wait 2s: listener_busy with the value, and the command never runs', async () => {
    const remote = await setUpBusy();
    const trace = join(remote.configDir, 'trace');
    const result = await remote.run(['exec', '--json', '-w', '2s', `touch '${trace}'`]);
    expect(result.exitCode).toBe(255);
    expect(JSON.parse(result.text)).toMatchObject({
      id: 'c2',
      error: {
        code: 'listener_busy',
        message: 'command c2 never ran: the listener of session session-1 was still busy after 2 s (--wait)',
      },
    });
    await remote.gate.open();
    expect(await remote.run(['exec', 'echo next'])).toMatchObject({ exitCode: 0, text: 'next\n' });
    expect(await exists(trace)).toBe(false);
  });

  test('--wait-listener 1s: the listener is connected, so exec waits in the queue', async () => {
    const remote = await setUpBusy();
    const exec = start(remote, ['--wait-listener', '1s', 'echo ran']);
    await eventually('exec prints that it waits', 15_000, () =>
      exec.stderr().includes('has another command'),
    );
    const seen = performance.now();
    await eventually('the limit is reached', 10_000, () => performance.now() - seen > 1_500);
    expect(exec.isRunning()).toBe(true);
    await remote.gate.open();
    expect(await codeOf(exec, 'exec ends', 15_000)).toBe(0);
    expect(exec.stdout().toString()).toBe('ran\n');
  });
});

test.each(['--wait-listener', '--wait-approval'])(
  '--detach %s: usage error, since this client exits and cannot enforce the limit',
  async (flag) => {
    const client = await setUp();
    const result = await client.run(['exec', '-d', flag, '5s', 'true']);
    expect(result).toMatchObject({ exitCode: 2, text: '' });
    expect(result.stderr).toContain(`error: ${flag} cannot be used with --detach`);
    expect(await client.runJson('status')).toMatchObject({ commands: [] });
  },
);

test('a limit is reached just after the command starts: exec follows the command to its end', async () => {
  const remote = await forTest(startRemote(relay));
  const gate = await forTest(makeGate(remote.configDir));
  const exec = start(remote, [`${gate.wait}; echo done`]);
  await waitForState(remote, 'the command runs', ({ current }) => current === 'c1');
  const { url, key } = await readSession(remote.configDir);
  const http = openHttp(url);
  onTestFinished(() => http.close());
  const bound = { seconds: 0, source: '--wait-approval' };
  const total = { seconds: 600, source: '--wait' };
  const outcomes: string[] = [];
  class Recording extends RelayClient {
    override async cancelCommand(...args: Parameters<RelayClient['cancelCommand']>) {
      const answer = await super.cancelCommand(...args);
      outcomes.push(answer.outcome);
      return answer;
    }
  }
  const timer = new StartTimer(new Recording(http, key), 'c1', {
    total,
    listener: undefined,
    approval: bound,
    atOnce: false,
    queueSeconds: 600,
  });
  // The last state that this client saw, just before the start.
  timer.see('awaiting_approval');
  await eventually('the relay answers that the command runs', 5_000, () => outcomes.length > 0);
  await eventually('no limit counts as reached', 5_000, () => timer.missed === undefined);
  timer.stop();
  expect(outcomes).toEqual(['running']);
  await gate.open();
  expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 0 });
  expect(exec.stdout().toString()).toBe('done\n');
});
