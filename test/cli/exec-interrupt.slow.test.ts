import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CapturedProcess } from '../harness/captured-process.ts';
import { makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { startListener } from '../harness/listener.ts';
import { startRemote, waitForState } from '../harness/remote.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// Ctrl-C sends SIGINT to exec. The first stops the remote command, with INT and three seconds later TERM, and waits for its outcome:
// the exit status is the remote's own. The second detaches and leaves the command running.

const relay = useRelay();

async function setUp() {
  const remote = await forTest(startRemote(relay));
  const gate = await forTest(makeGate(remote.configDir));
  const trace = join(remote.configDir, 'trace');
  /** Runs `exec COMMAND` until it has printed `ready`. */
  const startExec = async (...args: string[]) => {
    const exec = remote.start(['exec', ...args]);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    await eventually('the command runs', 15_000, () => exec.stdout().toString() === 'ready\n');
    return exec;
  };
  const nothingIsLeft = () =>
    eventually('nothing of the command is alive', 15_000, async () => {
      const alive = (await remote.listener.processes()).filter(({ commandLine }) =>
        /sleep 300|\/command$/.test(commandLine),
      );
      if (alive.length > 0) throw new Error(JSON.stringify(alive));
      return true;
    });
  return { ...remote, gate, trace, startExec, nothingIsLeft };
}

const ended = (exec: CapturedProcess) => withDeadline(exec.closed, 20_000, 'exec ends');

describe('Ctrl-C once', () => {
  test('the command and all its child processes are stopped, and exec exits 130', async () => {
    const { startExec, nothingIsLeft, run } = await setUp();
    const exec = await startExec('sleep 300 & (sleep 300 & sleep 300) & echo ready; sleep 300');
    exec.child.kill('SIGINT');
    expect(await ended(exec)).toEqual({ code: 130, signal: null });
    expect(exec.stderr()).toMatch(/^remotify: stopping command c1; press Ctrl-C again to detach from it$/m);
    expect(exec.stderr()).not.toContain('remotify: error');
    await nothingIsLeft();
    expect(await run(['exec', 'echo next'])).toMatchObject({ exitCode: 0, text: 'next\n' });
  });

  test('a command that handles INT: its last output and its own status arrive', async () => {
    const { startExec } = await setUp();
    const exec = await startExec('trap "echo goodbye; exit 5" INT; echo ready; while :; do sleep 0.1; done');
    exec.child.kill('SIGINT');
    expect(await ended(exec)).toEqual({ code: 5, signal: null });
    expect(exec.stdout().toString()).toBe('ready\ngoodbye\n');
  });

  test('a command that ignores INT gets TERM', async () => {
    const { startExec, nothingIsLeft } = await setUp();
    const exec = await startExec("trap '' INT; echo ready; sleep 300");
    exec.child.kill('SIGINT');
    expect(await ended(exec)).toEqual({ code: 143, signal: null });
    await nothingIsLeft();
  });

  test('Ctrl-C with --json: one object with the outcome', async () => {
    const { start, nothingIsLeft, ...remote } = await setUp();
    const exec = start(['exec', '--json', 'sleep 300']);
    await waitForState({ start, ...remote }, 'the command runs', ({ current }) => current === 'c1');
    exec.child.kill('SIGINT');
    expect(await ended(exec)).toEqual({ code: 130, signal: null });
    expect(JSON.parse(exec.stdout().toString())).toMatchObject({
      id: 'c1',
      state: 'finished',
      exit_status: 130,
    });
    await nothingIsLeft();
  });
});

describe('Ctrl-C twice', () => {
  test('the command keeps running, exec prints how to reattach, and exits 130', async () => {
    const { startExec, gate, trace, start } = await setUp();
    const exec = await startExec(
      `trap "echo told >>'${trace}'" INT TERM; echo ready; until ${gate.wait}; do :; done; echo done; exit 8`,
    );
    exec.child.kill('SIGINT');
    await eventually('the first is acknowledged', 10_000, () => exec.stderr().includes('Ctrl-C again'));
    exec.child.kill('SIGINT');
    expect(await ended(exec)).toEqual({ code: 130, signal: null });
    expect(exec.stderr()).toMatch(
      /^remotify: error: command c1 may still run\nremotify: hint: .*`remotify logs -f c1`.*`remotify cancel c1`$/m,
    );
    const logs = start(['logs', 'c1', '-f']);
    await eventually('the command still runs', 10_000, () => logs.stdout().toString() === 'ready\n');
    await gate.open();
    expect(await withDeadline(logs.closed, 15_000, 'logs -f ends')).toMatchObject({ code: 8 });
    expect(logs.stdout().toString()).toBe('ready\ndone\n');
    expect(await readFile(trace, 'utf8').catch(() => '')).toMatch(/^(told\n)?$/);
  });

  // It runs for 16 s: a command that survives TERM gets KILL after 10 s.
  test('a command that survives INT runs to its end: all of its output, its own status, its background process', async () => {
    const { startExec, run, listener } = await setUp();
    const exec = await startExec(
      'trap "echo told" INT; (trap "" INT; exec sleep 300) </dev/null >/dev/null 2>&1 & ' +
        'echo ready; for i in {1..160}; do sleep 0.1; echo $i; done; exit 8',
    );
    exec.child.kill('SIGINT');
    await eventually('the command has got INT', 10_000, () => exec.stdout().includes('told\n'));
    exec.child.kill('SIGINT');
    expect(await ended(exec)).toEqual({ code: 130, signal: null });
    expect(await run(['status'])).toMatchObject({
      text: expect.stringContaining('running (SIGINT sent)') as string,
    });
    expect(await run(['wait', 'c1'])).toMatchObject({ exitCode: 8 });
    const { text } = await run(['logs', 'c1']);
    expect(text.replace('told\n', '')).toBe(
      `ready\n${Array.from({ length: 160 }, (_, nth) => `${nth + 1}\n`).join('')}`,
    );
    const left = (await listener.processes()).filter(({ commandLine }) => commandLine === 'sleep 300');
    expect(left).toHaveLength(1);
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
  });
});

describe('Ctrl-C while the command is queued', () => {
  // docs/exec.md: 130. The message does not blame another client.
  test('the command is cancelled and never runs, and exec exits 130', async () => {
    const client = await forTest(makeClient(relay));
    const line = await client.makeSession('--auto');
    const trace = join(client.configDir, 'trace');
    const exec = client.start(['exec', `touch '${trace}'`]);
    await waitForState(client, 'the command is queued', (state) => state.queue_length === 1);
    await eventually('exec prints that it waits', 15_000, () =>
      exec.stderr().includes('waiting for a listener'),
    );
    exec.child.kill('SIGINT');
    const exit = await ended(exec);
    await forTest(startListener(line));
    expect(await client.run(['exec', 'echo next'])).toMatchObject({ exitCode: 0, text: 'next\n' });
    expect(await access(trace).catch(() => 'never ran')).toBe('never ran');
    expect(exit).toEqual({ code: 130, signal: null });
    expect(exec.stderr()).not.toContain('another client');
  });

  test('exec created the session itself: the command is cancelled, and exec exits 130', async () => {
    const client = await forTest(makeClient(relay));
    const exec = client.start(['exec', 'true']);
    await eventually('the line is printed', 15_000, () => exec.stderr().includes('| bash'));
    await waitForState(client, 'the command is queued', (state) => state.queue_length === 1);
    exec.child.kill('SIGINT');
    const exit = await ended(exec);
    expect(await client.runJson('status')).toMatchObject({
      queue_length: 0,
      commands: [{ state: 'cancelled' }],
    });
    expect(exit).toEqual({ code: 130, signal: null });
  });
});

describe('Ctrl-C in other commands', () => {
  test('logs -f: 130, and the remote command continues', async () => {
    const { run, start, gate } = await setUp();
    await run(['exec', '-d', `echo ready; ${gate.wait}; echo done`]);
    const logs = start(['logs', '-f']);
    await eventually('the log follows', 15_000, () => logs.stdout().toString() === 'ready\n');
    logs.child.kill('SIGINT');
    expect(await withDeadline(logs.closed, 10_000, 'logs -f ends')).toEqual({ code: 130, signal: null });
    await gate.open();
    expect(await run(['logs', '-f'])).toMatchObject({ exitCode: 0, text: 'ready\ndone\n' });
  });

  test('new --wait: 130, and the session stays', async () => {
    const client = await forTest(makeClient(relay));
    const made = client.start(['new', '--wait']);
    await eventually('the line is printed', 15_000, () => made.stdout().toString().endsWith('| bash\n'));
    made.child.kill('SIGINT');
    expect(await withDeadline(made.closed, 10_000, 'new ends')).toEqual({ code: 130, signal: null });
    expect((await client.run(['status'])).exitCode).toBe(0);
  });
});
