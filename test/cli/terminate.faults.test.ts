import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CapturedProcess } from '../harness/captured-process.ts';
import { makeClient } from '../harness/client.ts';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { startListener } from '../harness/listener.ts';
import { sendSignal } from '../harness/process-session.ts';
import { startRelay } from '../harness/relay-process.ts';
import { startRemote, waitForState } from '../harness/remote.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// SIGTERM and SIGHUP, as sent by a supervisor or a CI runner: the client stops the remote command, prints its real outcome, and exits 143.

const relay = useRelay();

async function setUp(own: { url: string } = relay) {
  const remote = await forTest(startRemote(own));
  const launch = (...args: string[]): CapturedProcess => {
    const cli = remote.start(args);
    onTestFinished(() => void cli.child.kill('SIGKILL'));
    return cli;
  };
  /** Runs `exec COMMAND` until it has printed `ready`. */
  const startExec = async (...args: string[]) => {
    const exec = launch('exec', ...args);
    await eventually('the command runs', 15_000, () => exec.stdout().toString() === 'ready\n');
    return exec;
  };
  const nothingIsLeft = () =>
    eventually('nothing of the command is alive', 15_000, async () => {
      const alive = (await remote.listener.processes()).filter(({ commandLine }) =>
        /sleep 30\d|\/command$/.test(commandLine),
      );
      if (alive.length > 0) throw new Error(JSON.stringify(alive));
      return true;
    });
  return { ...remote, launch, startExec, nothingIsLeft };
}

const ended = (cli: CapturedProcess, ms = 15_000) => withDeadline(cli.closed, ms, 'the client ends');

describe('signals while the command runs', () => {
  test.each(['SIGTERM', 'SIGHUP'] as const)('%s: the command and its children end', async (signal) => {
    const { startExec, nothingIsLeft, run } = await setUp();
    const exec = await startExec('sleep 300 & (sleep 301 & sleep 302) & echo ready; sleep 303');
    exec.child.kill(signal);
    expect(await ended(exec)).toEqual({ code: 143, signal: null });
    expect(exec.stderr()).toBe(
      `remotify: ${signal}: stopping command c1\nremotify: command c1 stopped (SIGTERM)\n`,
    );
    await nothingIsLeft();
    expect(await run(['exec', 'echo next'])).toMatchObject({ exitCode: 0, text: 'next\n' });
  });

  test('SIGTERM, and the command handles TERM: its last output arrives, and its status is printed', async () => {
    const { startExec } = await setUp();
    const exec = await startExec('trap "echo goodbye; exit 5" TERM; echo ready; while :; do sleep 0.1; done');
    exec.child.kill('SIGTERM');
    expect(await ended(exec)).toEqual({ code: 143, signal: null });
    expect(exec.stdout().toString()).toBe('ready\ngoodbye\n');
    expect(exec.stderr()).toContain('remotify: command c1 stopped (exit status 5)\n');
  });

  test('SIGTERM, the command ignores it: the client waits for the KILL', { timeout: 60_000 }, async () => {
    const { startExec, nothingIsLeft } = await setUp();
    const exec = await startExec("trap '' TERM; echo ready; sleep 300; sleep 301");
    exec.child.kill('SIGTERM');
    expect(await ended(exec, 25_000)).toEqual({ code: 143, signal: null });
    expect(exec.stderr()).toContain('remotify: command c1 stopped (SIGKILL)\n');
    await nothingIsLeft();
  });

  test('several signals, as from `timeout` and systemd: they count as one', async () => {
    const { startExec } = await setUp();
    const exec = await startExec('trap "sleep 1; exit 6" TERM; echo ready; while :; do sleep 0.1; done');
    for (const signal of ['SIGTERM', 'SIGTERM', 'SIGHUP', 'SIGTERM'] as const) {
      exec.child.kill(signal);
      await eventually('exec reports the signal', 5_000, () => exec.stderr().includes('stopping command c1'));
    }
    expect(await ended(exec)).toEqual({ code: 143, signal: null });
    expect(exec.stderr().match(/stopping command/g)).toHaveLength(1);
    expect(exec.stderr()).toMatch(/^remotify: command c1 stopped \(exit status 6\)$/m);
  });

  test('SIGTERM after Ctrl-C: the command gets TERM immediately, and exec exits 143', async () => {
    const { startExec, nothingIsLeft } = await setUp();
    const exec = await startExec("trap '' INT; echo ready; sleep 300");
    exec.child.kill('SIGINT');
    await eventually('the first is acknowledged', 5_000, () => exec.stderr().includes('press Ctrl-C again'));
    exec.child.kill('SIGTERM');
    expect(await ended(exec)).toEqual({ code: 143, signal: null });
    expect(exec.stderr()).toMatch(/^remotify: command c1 stopped \(SIGTERM\)$/m);
    await nothingIsLeft();
  });

  test('Ctrl-C after SIGTERM: exec detaches, prints that the command may still run, and exits 143', async () => {
    const { startExec, run } = await setUp();
    const exec = await startExec("trap '' TERM; echo ready; sleep 300; sleep 301");
    exec.child.kill('SIGTERM');
    await eventually('the first is acknowledged', 5_000, () => exec.stderr().includes('stopping command'));
    exec.child.kill('SIGINT');
    expect(await ended(exec)).toEqual({ code: 143, signal: null });
    expect(exec.stderr()).toMatch(/^remotify: error: command c1 may still run$/m);
    await run(['cancel', '--signal', 'KILL']);
  });

  test('SIGTERM with --json: one object with the outcome and the error', async () => {
    const remote = await setUp();
    const exec = remote.launch('exec', '--json', 'echo out; sleep 300');
    await waitForState(remote, 'the command runs', ({ current }) => current === 'c1');
    exec.child.kill('SIGTERM');
    expect(await ended(exec)).toEqual({ code: 143, signal: null });
    expect(JSON.parse(exec.stdout().toString())).toMatchObject({
      id: 'c1',
      state: 'finished',
      exit_status: 143,
      signal: 'TERM',
      error: { code: 'interrupted', message: 'command c1 stopped (SIGTERM)' },
    });
  });

  test('SIGTERM while the relay is down: 143 after a limited wait, and an error that the command may still run', {
    timeout: 60_000,
  }, async () => {
    const lasting = await startLastingRelay();
    const { startExec } = await setUp(lasting);
    const exec = await startExec('echo ready; sleep 30');
    await lasting.kill();
    exec.child.kill('SIGTERM');
    expect(await ended(exec, 25_000)).toEqual({ code: 143, signal: null });
    expect(exec.stderr()).toMatch(
      /^remotify: error: command c1 may still run\nremotify: hint: .*`remotify logs -f c1`.*$/m,
    );
  });
});

describe('signals before the command starts', () => {
  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 143],
    ['SIGINT', 130],
  ] as const)('%s while it waits for a listener: cancelled, %i, and it never runs', async (signal, code) => {
    const client = await forTest(makeClient(relay));
    const line = await client.makeSession('--auto');
    const trace = join(client.configDir, 'trace');
    const exec = client.start(['exec', `touch '${trace}'`]);
    await eventually('exec waits', 15_000, () => exec.stderr().includes('waiting for a listener'));
    exec.child.kill(signal);
    expect(await ended(exec)).toEqual({ code, signal: null });
    expect(exec.stderr()).toMatch(/^remotify: command c1 cancelled before it started$/m);
    await forTest(startListener(line));
    expect(await client.run(['exec', 'echo next'])).toMatchObject({ exitCode: 0, text: 'next\n' });
    expect(existsSync(trace)).toBe(false);
  });

  test('SIGTERM with --json: the command is cancelled, and the object has the error', async () => {
    const client = await forTest(makeClient(relay));
    await client.makeSession();
    const exec = client.start(['exec', '--json', 'true']);
    await eventually('exec waits', 15_000, () => exec.stderr().includes('waiting for a listener'));
    exec.child.kill('SIGTERM');
    expect(await ended(exec)).toEqual({ code: 143, signal: null });
    expect(JSON.parse(exec.stdout().toString())).toMatchObject({
      id: 'c1',
      state: 'cancelled',
      error: { code: 'interrupted', message: 'command c1 cancelled before it started' },
    });
  });

  test.each([[[]], [['-d']]])('SIGTERM during the push, flags %j: the command never runs', async (flags) => {
    const own = await forTest(startRelay());
    onTestFinished(() => sendSignal(own.pid, 'SIGCONT'));
    const remote = await setUp(own);
    const ghost = join(remote.configDir, 'ghost');
    sendSignal(own.pid, 'SIGSTOP');
    const exec = remote.launch('exec', ...flags, `sleep 20; touch '${ghost}'`);
    await untilPassed('the start of exec', 1_500);
    exec.child.kill('SIGTERM');
    sendSignal(own.pid, 'SIGCONT');
    expect(await ended(exec)).toEqual({ code: 143, signal: null });
    expect((await remote.run(['exec', 'echo next'])).text).toBe('next\n');
    expect(existsSync(ghost)).toBe(false);
  });

  test('SIGTERM during the push to a relay that does not answer: 143, and an error that the command may still run', async () => {
    const own = await forTest(startRelay());
    onTestFinished(() => sendSignal(own.pid, 'SIGCONT'));
    const remote = await setUp(own);
    sendSignal(own.pid, 'SIGSTOP');
    const exec = remote.launch('exec', 'true');
    await untilPassed('the start of exec', 1_500);
    exec.child.kill('SIGTERM');
    expect(await ended(exec, 12_000)).toEqual({ code: 143, signal: null });
    expect(exec.stderr()).toMatch(/^remotify: error: .* being sent: it may still run$/m);
  });
});

describe('signals to commands that only watch', () => {
  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 143],
    ['SIGINT', 130],
  ] as const)('%s: logs -f and wait exit %i, and the remote command continues', async (signal, code) => {
    const { run, launch } = await setUp();
    await run(['exec', '-d', 'echo ready; sleep 4; echo done']);
    const logs = launch('logs', '-f');
    const wait = launch('wait');
    await eventually('the log follows', 15_000, () => logs.stdout().toString() === 'ready\n');
    await eventually('wait waits', 15_000, () => wait.stderr().includes('waiting for command c1'));
    for (const cli of [logs, wait]) {
      cli.child.kill(signal);
      expect(await ended(cli)).toEqual({ code, signal: null });
    }
    expect(await run(['logs', '-f'])).toMatchObject({ exitCode: 0, text: 'ready\ndone\n' });
  });

  test('SIGTERM to new --wait: 143, and the session stays', async () => {
    const client = await forTest(makeClient(relay));
    const made = client.start(['new', '--wait']);
    await eventually('the line is printed', 15_000, () => made.stdout().toString().endsWith('| bash\n'));
    made.child.kill('SIGTERM');
    expect(await ended(made)).toEqual({ code: 143, signal: null });
    expect((await client.run(['status'])).exitCode).toBe(0);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 0],
  ] as const)('%s to status --watch: it exits %i', async (signal, code) => {
    const { launch } = await setUp();
    const status = launch('status', '--watch');
    await eventually('the view is printed', 15_000, () => status.stdout().includes('listener'));
    status.child.kill(signal);
    expect(await ended(status)).toEqual({ code, signal: null });
  });
});
