import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Client, makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { asAuto, startListener } from '../harness/listener.ts';
import { startRemote, waitForState } from '../harness/remote.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// exec while no listener can run its command.

const relay = useRelay();

async function setUp(): Promise<Client> {
  const client = await forTest(makeClient(relay));
  return client;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

describe('exec on a session without a listener', () => {
  test('no listener, --wait 0: fails immediately and pushes nothing', async () => {
    const client = await setUp();
    await client.makeSession('--name', 'prod');
    const result = await client.run(['exec', '--wait', '0', 'true']);
    expect(result).toMatchObject({ exitCode: 255, text: '' });
    expect(result.stderr).toMatch(
      /^remotify: error: no listener is connected to session prod\nremotify: hint: .+\n$/,
    );
    expect(await client.runJson('status')).toMatchObject({ queue_length: 0, commands: [] });
  });

  test('--wait 2s: the command expires, and does not run later', async () => {
    const client = await setUp();
    const line = await client.makeSession('--auto');
    const trace = join(client.configDir, 'trace');
    const result = await client.run(['exec', '--wait', '2s', `touch '${trace}'`]);
    expect(result).toMatchObject({ exitCode: 255, text: '' });
    expect(result.stderr).toMatch(
      /^remotify: error: command c1 never ran: no listener connected to session session-1 within 2 s \(--wait\)$/m,
    );
    expect(result.stderr).toMatch(/^remotify: hint: .+$/m);
    await forTest(startListener(line));
    expect(await client.run(['exec', 'echo later'])).toMatchObject({ exitCode: 0, text: 'later\n' });
    expect((await waitForState(client, 'the status', () => true)).commands).toMatchObject([
      { id: 'c1', state: 'expired' },
      { id: 'c2', state: 'finished' },
    ]);
    expect(await exists(trace)).toBe(false);
  });

  test('--wait 2s --json: one object with the state expired', async () => {
    const client = await setUp();
    await client.makeSession();
    const result = await client.run(['exec', '--json', '--wait', '2s', 'true']);
    expect(result.exitCode).toBe(255);
    expect(JSON.parse(result.text)).toMatchObject({
      id: 'c1',
      state: 'expired',
      exit_status: null,
      stdout: '',
      started_at: null,
      duration_ms: null,
      listener: null,
    });
  });

  test('without --wait: exec prints the line to paste, and the command runs once it is pasted', async () => {
    const client = await setUp();
    const line = await client.makeSession();
    const exec = client.start(['exec', 'echo ran; exit 3']);
    await eventually('the line is on stderr', 15_000, () => exec.stderr().includes(line));
    expect(exec.stdout().toString()).toBe('');
    await forTest(startListener(asAuto(line)));
    expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 3 });
    expect(exec.stdout().toString()).toBe('ran\n');
  });

  test('--quiet: neither the line nor progress is printed', async () => {
    const client = await setUp();
    const line = await client.makeSession();
    const result = await client.run(['exec', '--quiet', '--wait', '2s', 'true']);
    expect(result).toMatchObject({ exitCode: 255, text: '' });
    expect(result.stderr).not.toContain(line);
    expect(result.stderr).toMatch(
      /^remotify: error: command c1 never ran: no listener connected .* within 2 s \(--wait\)\nremotify: hint: .+\n$/,
    );
  });
});

describe('exec on a session with a busy listener', () => {
  test('busy listener, --wait 0: fails immediately and pushes nothing', async () => {
    const remote = await forTest(startRemote(relay));
    const gate = await forTest(makeGate(remote.configDir));
    await remote.run(['exec', '-d', gate.wait]);
    await waitForState(remote, 'the first command runs', ({ current }) => current === 'c1');
    const result = await remote.run(['exec', '--wait', '0', 'true']);
    expect(result).toMatchObject({ exitCode: 255, text: '' });
    expect(result.stderr).toMatch(/^remotify: error: the listener of session session-1 is busy\n/);
    expect(await remote.runJson('status')).toMatchObject({ queue_length: 0, current: 'c1' });
  });

  test('idle listener, --wait 0: the command runs', async () => {
    const remote = await forTest(startRemote(relay));
    const result = await remote.run(['exec', '--wait', '0', 'echo ran']);
    expect(result).toMatchObject({ exitCode: 0, text: 'ran\n', stderr: '' });
  });

  test('several commands: they run one after the other, in the order of the pushes', async () => {
    const remote = await forTest(startRemote(relay));
    const gate = await forTest(makeGate(remote.configDir));
    const trace = join(remote.configDir, 'trace');
    await remote.run(['exec', '-d', gate.wait]);
    for (const name of ['a', 'b', 'c']) await remote.run(['exec', '-d', `echo ${name} >>'${trace}'`]);
    const last = remote.start(['exec', `cat '${trace}'`]);
    await waitForState(remote, 'all commands are queued', (state) => state.queue_length === 4);
    expect(await exists(trace)).toBe(false);
    await gate.open();
    await withDeadline(last.closed, 15_000, 'the last ends');
    expect(last.stdout().toString()).toBe('a\nb\nc\n');
  });
});

describe('exec without a session', () => {
  test('exec creates a session, prints its line, waits, and runs the command once the line is pasted', async () => {
    const client = await setUp();
    const exec = client.start(['exec', 'echo ran; exit 5']);
    const line = await eventually('the line is on stderr', 15_000, () => {
      return /^curl -q -fsSL -g --proto '=http' 'http:.*' \| bash$/m.exec(exec.stderr())?.[0];
    });
    expect(exec.stdout().toString()).toBe('');
    await waitForState(client, 'the command is queued', (state) => state.queue_length === 1);
    await forTest(startListener(asAuto(line)));
    expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 5 });
    expect(exec.stdout().toString()).toBe('ran\n');
    // The session is stored: the next exec needs no new line.
    const next = await client.run(['exec', 'echo again']);
    expect(next).toMatchObject({ exitCode: 0, text: 'again\n', stderr: '' });
    expect(await client.runJson('list')).toMatchObject({ sessions: [{ name: 'session-1', current: true }] });
  });

  test('no session, --wait 0: exec still prints the line, and fails', async () => {
    const client = await setUp();
    const result = await client.run(['exec', '--wait', '0', 'true']);
    expect(result).toMatchObject({ exitCode: 255, text: '' });
    expect(result.stderr).toMatch(/^curl -q -fsSL -g --proto '=http' 'http:.*' \| bash$/m);
    expect(result.stderr).toMatch(
      /^remotify: error: no listener is connected to session session-1\nremotify: hint: .+\n$/m,
    );
    expect(await client.runJson('status')).toMatchObject({ commands: [] });
  });

  test('no session, --detach: the line goes to stderr, the id to stdout', async () => {
    const client = await setUp();
    const result = await client.run(['exec', '--detach', 'true']);
    expect(result).toMatchObject({ exitCode: 0, text: 'c1\n' });
    expect(result.stderr).toMatch(/^curl -q -fsSL -g --proto '=http' 'http:.*' \| bash$/m);
  });
});
