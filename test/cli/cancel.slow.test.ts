import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { startListener } from '../harness/listener.ts';
import { sendSignal } from '../harness/process-session.ts';
import { startRemote, startSupervised, waitForState } from '../harness/remote.ts';
import { hasTmux } from '../harness/tmux.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { question } from '../harness/prompts.ts';

const relay = useRelay();

const neverRan = (trace: string) => access(trace).catch(() => 'never ran');

async function setUp() {
  const remote = await forTest(startRemote(relay));
  const gate = await forTest(makeGate(remote.configDir));
  const isRunning = (id: string) =>
    waitForState(remote, `${id} runs`, ({ commands }) => {
      return commands.some((command) => command.id === id && command.state === 'running');
    });
  const left = async () =>
    (await remote.listener.processes()).filter(({ commandLine }) => /sleep 300|\/command$/.test(commandLine));
  return { ...remote, gate, isRunning, left };
}

describe('cancel of a queued command', () => {
  test('the command never runs, and the exec that waits for it fails', async () => {
    const client = await forTest(makeClient(relay));
    const line = await client.makeSession('--auto');
    const trace = join(client.configDir, 'trace');
    const exec = client.start(['exec', `touch '${trace}'`]);
    await waitForState(client, 'the command is queued', (state) => state.queue_length === 1);
    expect(await client.run(['cancel'])).toMatchObject({ exitCode: 0, text: 'c1 cancelled\n', stderr: '' });
    expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 255 });
    expect(exec.stderr()).toMatch(
      /^remotify: error: command c1 was cancelled and never ran.*\nremotify: hint: .+$/m,
    );
    await forTest(startListener(line));
    expect(await client.run(['exec', 'echo next'])).toMatchObject({ exitCode: 0, text: 'next\n' });
    expect(await neverRan(trace)).toBe('never ran');
  });

  test('by id, in the middle of the queue: only that command is cancelled', async () => {
    const { run, gate, isRunning, configDir } = await setUp();
    const trace = join(configDir, 'trace');
    await run(['exec', '-d', gate.wait]);
    await isRunning('c1');
    for (const name of ['a', 'b', 'c']) await run(['exec', '-d', `echo ${name} >>'${trace}'`]);
    expect(await run(['cancel', 'c3'])).toMatchObject({ exitCode: 0, text: 'c3 cancelled\n' });
    await gate.open();
    expect(await run(['exec', `cat '${trace}'`])).toMatchObject({ text: 'a\nc\n' });
  });
});

describe.skipIf(!hasTmux)('cancel of a command that waits for approval', () => {
  test('the command is cancelled, and a later y does not run it', async () => {
    const remote = await forTest(startSupervised(relay));
    const trace = join(remote.configDir, 'trace');
    await remote.run(['exec', '-d', `touch '${trace}'`]);
    await remote.terminal.waitForText(question, 15_000);
    expect(await remote.run(['cancel'])).toMatchObject({ exitCode: 0, text: 'c1 cancelled\n', stderr: '' });
    // Typed immediately: if the prompt is still open, the relay refuses the start.
    await remote.terminal.type('y\n');
    await remote.terminal.waitForText('<<< not run: cancelled or expired', 15_000);
    const exec = remote.start(['exec', `test ! -e '${trace}' && echo clean`]);
    await remote.terminal.waitForText('clean', 15_000);
    await eventually('the second prompt', 15_000, async () => {
      return ((await remote.terminal.screen()).match(/run it\? \[/g) ?? []).length === 2;
    });
    await remote.terminal.type('y\n');
    expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 0 });
    expect(exec.stdout().toString()).toBe('clean\n');
  });

  test('the prompt closes without input, and a y typed after it does not approve the next command', async () => {
    const remote = await forTest(startSupervised(relay));
    const trace = join(remote.configDir, 'trace');
    await remote.run(['exec', '-d', 'true']);
    await remote.terminal.waitForText(question, 15_000);
    await remote.run(['cancel', 'c1']);
    await remote.terminal.waitForText('<<< not run', 15_000);
    await remote.terminal.type('y\n');
    const exec = remote.start(['exec', `touch '${trace}'`]);
    await waitForState(remote, 'the prompt', ({ commands }) => commands[1]?.state === 'awaiting_approval');
    await eventually('the second prompt', 15_000, async () => {
      return ((await remote.terminal.screen()).match(/run it\? \[/g) ?? []).length === 2;
    });
    await remote.terminal.type('n\n');
    expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 126 });
    expect(await neverRan(trace)).toBe('never ran');
  });
});

describe('cancel of a running command', () => {
  test('the whole process tree is stopped', async () => {
    const { run, start, isRunning, left } = await setUp();
    const exec = start(['exec', 'sleep 300 & (sleep 300 & sleep 300) & echo begun; sleep 300']);
    await eventually('the command has begun', 15_000, () => exec.stdout().toString() === 'begun\n');
    await isRunning('c1');
    expect(await run(['cancel'])).toMatchObject({
      exitCode: 0,
      text: 'c1 stopped\n',
      stderr: 'remotify: sent SIGTERM to c1; SIGKILL follows in 10 s if needed\n',
    });
    expect(await left()).toEqual([]);
    expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 143 });
    expect(await run(['exec', 'echo next'])).toMatchObject({ text: 'next\n' });
  });

  test('each process of the tree gets SIGTERM and may clean up', async () => {
    const { run, start, left, configDir } = await setUp();
    const trace = join(configDir, 'trace');
    const child = (name: string) =>
      `(trap "echo ${name} >>'${trace}'; exit" TERM; echo ${name}; while :; do sleep 0.1; done) &`;
    const exec = start(['exec', `${child('a')} ${child('b')} wait`]);
    await eventually('both have begun', 15_000, () => exec.stdout().length === 4);
    expect(await run(['cancel'])).toMatchObject({ exitCode: 0, text: 'c1 stopped\n' });
    expect((await readFile(trace, 'utf8')).split('\n').toSorted()).toEqual(['', 'a', 'b']);
    expect(await left()).toEqual([]);
  });

  test.each([
    ['INT', 130],
    ['TERM', 143],
    ['KILL', 137],
  ])('--signal %s: the command gets that signal', async (signal, status) => {
    const { run, isRunning, left } = await setUp();
    await run(['exec', '-d', 'exec sleep 300']);
    await isRunning('c1');
    const result = await run(['cancel', '--signal', signal, '--json', '--quiet']);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(result.text)).toEqual({
      id: 'c1',
      outcome: 'stopped',
      state: 'finished',
      exit_status: status,
    });
    expect(await left()).toEqual([]);
  });

  test.each(['INT', 'TERM'])(
    'a command that ignores %s: killed, and cancel reports the end',
    { timeout: 60_000 },
    async (signal) => {
      const { run, start, left, configDir } = await setUp();
      const trace = join(configDir, 'trace');
      const exec = start([
        'exec',
        `trap "echo told >>'${trace}'" ${signal}; echo begun; while :; do sleep 0.1; done`,
      ]);
      await eventually('the command has begun', 15_000, () => exec.stdout().toString() === 'begun\n');
      expect(await run(['cancel', '--signal', signal])).toMatchObject({ exitCode: 0, text: 'c1 stopped\n' });
      expect(await readFile(trace, 'utf8')).toMatch(/^told\n/);
      expect(await left()).toEqual([]);
      expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 137 });
    },
  );

  test('cancel without an id: the running command is stopped, the queued one runs', async () => {
    const { run, isRunning } = await setUp();
    await run(['exec', '-d', 'sleep 300']);
    await run(['exec', '-d', 'echo second']);
    await isRunning('c1');
    expect(await run(['cancel'])).toMatchObject({ text: 'c1 stopped\n' });
    expect(await run(['logs', 'c2', '-f'])).toMatchObject({ exitCode: 0, text: 'second\n' });
  });

  test('a listener that does not respond: unconfirmed, 255', { timeout: 60_000 }, async () => {
    const { run, isRunning, listener } = await setUp();
    await run(['exec', '-d', 'sleep 300']);
    await isRunning('c1');
    const frozen = await listener.processes();
    for (const { pid } of frozen) sendSignal(pid, 'SIGSTOP');
    onTestFinished(() => {
      for (const { pid } of frozen) sendSignal(pid, 'SIGCONT');
    });
    const result = await run(['cancel'], { deadlineMs: 45_000 });
    expect(result).toMatchObject({ exitCode: 255, text: 'c1 unconfirmed\n' });
  });
});

describe('cancel with nothing to do', () => {
  test('no commands, or a command that has already ended: status 0 and a message', async () => {
    const { run } = await setUp();
    expect(await run(['cancel'])).toMatchObject({ exitCode: 0, text: 'nothing to cancel\n', stderr: '' });
    await run(['exec', 'exit 3']);
    expect(await run(['cancel'])).toMatchObject({ exitCode: 0, text: 'nothing to cancel\n' });
    expect(await run(['cancel', 'c1'])).toMatchObject({
      exitCode: 0,
      text: 'c1 already finished\n',
    });
    expect(await run(['logs', 'c1', '-f'])).toMatchObject({ exitCode: 3 });
  });
});
