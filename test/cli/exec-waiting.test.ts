import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Client, makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { asAuto, startListener } from '../harness/listener.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { startRemote, waitForState } from '../harness/remote.ts';

// What exec does while there is nobody to run its command.

let relay: Relay;
beforeAll(async () => {
  relay = await startRelay();
  return relay.stop;
});

async function setUp(): Promise<Client> {
  const client = await makeClient(relay);
  onTestFinished(client.remove);
  return client;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

describe('a session without a listener', () => {
  test('--wait 0 fails at once and pushes nothing', async () => {
    const client = await setUp();
    await client.makeSession('--name', 'prod');
    const result = await client.run(['exec', '--wait', '0', 'true']);
    expect(result).toMatchObject({ exitCode: 255, text: '' });
    expect(result.stderr).toMatch(
      /^remotify: error: no listener is connected to session prod\nremotify: hint: .+\n$/,
    );
    expect(await client.runJson('status')).toMatchObject({ queue_length: 0, commands: [] });
  });

  test('--wait 2s: the command expires, and does not run later on', async () => {
    const client = await setUp();
    const line = await client.makeSession('--auto');
    const trace = join(client.configDir, 'trace');
    const result = await client.run(['exec', '--wait', '2s', `touch '${trace}'`]);
    expect(result).toMatchObject({ exitCode: 255, text: '' });
    expect(result.stderr).toMatch(
      /^remotify: error: command c1 never ran: no listener connected to session session-1 within 2 s \(--wait\)$/m,
    );
    expect(result.stderr).toMatch(/^remotify: hint: .+$/m);
    const listener = await startListener(line);
    onTestFinished(listener.stop);
    expect(await client.run(['exec', 'echo later'])).toMatchObject({ exitCode: 0, text: 'later\n' });
    expect((await waitForState(client, 'the status', () => true)).commands).toMatchObject([
      { id: 'c1', state: 'expired' },
      { id: 'c2', state: 'finished' },
    ]);
    expect(await exists(trace)).toBe(false);
  });

  test('--wait 2s --json: one object that says so', async () => {
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

  test('otherwise it says the line to paste, and runs once that is done', async () => {
    const client = await setUp();
    const line = await client.makeSession();
    const exec = client.start(['exec', 'echo ran; exit 3']);
    await eventually('the line is on stderr', 15_000, () => exec.stderr().includes(line));
    expect(exec.stdout().toString()).toBe('');
    const listener = await startListener(asAuto(line));
    onTestFinished(listener.stop);
    expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 3 });
    expect(exec.stdout().toString()).toBe('ran\n');
  });

  test('--quiet says neither', async () => {
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

describe('a listener that is busy', () => {
  test('--wait 0 fails at once and pushes nothing', async () => {
    const remote = await startRemote(relay);
    onTestFinished(remote.stop);
    const gate = await makeGate(remote.configDir);
    onTestFinished(gate.close);
    await remote.run(['exec', '-d', gate.wait]);
    await waitForState(remote, 'the first command runs', ({ current }) => current === 'c1');
    const result = await remote.run(['exec', '--wait', '0', 'true']);
    expect(result).toMatchObject({ exitCode: 255, text: '' });
    expect(result.stderr).toMatch(/^remotify: error: the listener of session session-1 is busy\n/);
    expect(await remote.runJson('status')).toMatchObject({ queue_length: 0, current: 'c1' });
  });

  test('an idle one: --wait 0 runs it', async () => {
    const remote = await startRemote(relay);
    onTestFinished(remote.stop);
    const result = await remote.run(['exec', '--wait', '0', 'echo ran']);
    expect(result).toMatchObject({ exitCode: 0, text: 'ran\n', stderr: '' });
  });

  test('commands run one after the other, in the order in which they came', async () => {
    const remote = await startRemote(relay);
    onTestFinished(remote.stop);
    const gate = await makeGate(remote.configDir);
    onTestFinished(gate.close);
    const trace = join(remote.configDir, 'trace');
    await remote.run(['exec', '-d', gate.wait]);
    for (const name of ['a', 'b', 'c']) await remote.run(['exec', '-d', `echo ${name} >>'${trace}'`]);
    const last = remote.start(['exec', `cat '${trace}'`]);
    await waitForState(remote, 'all of them wait', (state) => state.queue_length === 4);
    expect(await exists(trace)).toBe(false);
    await gate.open();
    await withDeadline(last.closed, 15_000, 'the last ends');
    expect(last.stdout().toString()).toBe('a\nb\nc\n');
  });
});

describe('no session at all', () => {
  test('makes one, says its line, waits, and runs the command once that is pasted', async () => {
    const client = await setUp();
    const exec = client.start(['exec', 'echo ran; exit 5']);
    const line = await eventually('the line is on stderr', 15_000, () => {
      return /^curl -q -fsSL -g --proto '=http' 'http:.*' \| bash$/m.exec(exec.stderr())?.[0];
    });
    expect(exec.stdout().toString()).toBe('');
    await waitForState(client, 'the command waits', (state) => state.queue_length === 1);
    const listener = await startListener(asAuto(line));
    onTestFinished(listener.stop);
    expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 5 });
    expect(exec.stdout().toString()).toBe('ran\n');
    // It is kept: the next one needs no new line.
    const next = await client.run(['exec', 'echo again']);
    expect(next).toMatchObject({ exitCode: 0, text: 'again\n', stderr: '' });
    expect(await client.runJson('list')).toMatchObject({ sessions: [{ name: 'session-1', current: true }] });
  });

  test('with --wait 0 it says the line all the same, and fails', async () => {
    const client = await setUp();
    const result = await client.run(['exec', '--wait', '0', 'true']);
    expect(result).toMatchObject({ exitCode: 255, text: '' });
    expect(result.stderr).toMatch(/^curl -q -fsSL -g --proto '=http' 'http:.*' \| bash$/m);
    expect(result.stderr).toMatch(
      /^remotify: error: no listener is connected to session session-1\nremotify: hint: .+\n$/m,
    );
    expect(await client.runJson('status')).toMatchObject({ commands: [] });
  });

  test('with --detach the line is said on stderr, the id on stdout', async () => {
    const client = await setUp();
    const result = await client.run(['exec', '--detach', 'true']);
    expect(result).toMatchObject({ exitCode: 0, text: 'c1\n' });
    expect(result.stderr).toMatch(/^curl -q -fsSL -g --proto '=http' 'http:.*' \| bash$/m);
  });
});
