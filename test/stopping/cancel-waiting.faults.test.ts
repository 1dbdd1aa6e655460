import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { type Remote, startRemote, waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { oddSleep, readCommand, startWatched } from './watched-command.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay();

async function openRemote(): Promise<Remote> {
  const remote = await forTest(startRemote(relay));
  return remote;
}

type Busy = Remote & {
  /** The command that runs until the gate is opened. */
  running: string;
  open: () => Promise<void>;
  /** Pushes a command that writes its name into the ledger, and detaches. */
  queue: (name: string) => Promise<string>;
  /** The shell text of such a command. */
  note: (name: string) => string;
  ledger: () => Promise<string>;
  waitForEnd: (id: string) => Promise<void>;
};

/** A remote that is busy with `first`. */
async function openBusyRemote(): Promise<Busy> {
  const folder = await forTest(makeTemporaryFolder());
  const remote = await openRemote();
  const gate = await forTest(makeGate(folder.path));
  const path = join(folder.path, 'ledger');
  const note = (name: string) => `echo ${name} >>'${path}'`;
  const push = async (script: string) => (await remote.run(['exec', '-d', script])).text.trim();
  const running = await push(`${note('first')}; ${gate.wait}`);
  await waitForState(remote, 'the first runs', ({ cmd_in_flight: busy }) => busy);
  return {
    ...remote,
    running,
    note,
    open: gate.open,
    queue: (name) => push(note(name)),
    ledger: () => readFile(path, 'utf8'),
    waitForEnd: async (id) => {
      const isFinished = async () => (await readCommand(remote, id)).state === 'finished';
      await eventually(`${id} is finished`, 10_000, isFinished);
    },
  };
}

test('cancel of a queued command: it never runs, and the next command does', async () => {
  const remote = await openBusyRemote();
  const second = await remote.queue('second');
  const third = await remote.queue('third');
  const { text, exitCode } = await remote.run(['cancel', second]);
  expect([text, exitCode]).toEqual([`${second} cancelled\n`, 0]);
  await remote.open();
  await remote.waitForEnd(third);
  expect(await remote.ledger()).toBe('first\nthird\n');
  expect(await readCommand(remote, second)).toMatchObject({ state: 'cancelled', exit_status: null });
});

test('cancel of a queued command: the exec that waits for its output fails with the reason', async () => {
  const remote = await openBusyRemote();
  const exec = remote.start(['exec', remote.note('second')]);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  await waitForState(remote, 'the command is queued', ({ queue_length: length }) => length === 1);
  expect((await remote.run(['cancel', 'c2'])).text).toBe('c2 cancelled\n');
  expect(await withDeadline(exec.closed, 5_000, 'exec ends')).toMatchObject({ code: 255 });
  expect(exec.stderr()).toContain('command c2 was cancelled and never ran');
  await remote.open();
  await remote.waitForEnd(remote.running);
  expect(await remote.ledger()).toBe('first\n');
});

test('Ctrl-C at an exec whose command is queued: the command never runs, and the exit status is 130', async () => {
  const remote = await openBusyRemote();
  const exec = remote.start(['exec', remote.note('second')]);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  await waitForState(remote, 'the command is queued', ({ queue_length: length }) => length === 1);
  await eventually('exec reports what it waits for', 10_000, () =>
    exec.stderr().includes('has another command'),
  );
  exec.child.kill('SIGINT');
  const { code } = await withDeadline(exec.closed, 5_000, 'exec ends');
  await remote.open();
  const last = await remote.queue('last');
  await remote.waitForEnd(last);
  expect(await remote.ledger()).toBe('first\nlast\n');
  expect([code, exec.stderr()]).toEqual([130, expect.not.stringContaining('another client')]);
});

test('cancel without an id: stops the running command, not the queued one', async () => {
  const remote = await openBusyRemote();
  const second = await remote.queue('second');
  expect((await remote.run(['cancel'])).text).toBe(`${remote.running} stopped\n`);
  await remote.waitForEnd(second);
  expect(await remote.ledger()).toBe('first\nsecond\n');
});

test('cancel without an id and without a listener: cancels the next command in the queue', async () => {
  const remote = await openRemote();
  await remote.makeSession('--name', 'nobody');
  expect((await remote.run(['exec', '-d', 'echo one'])).text).toBe('c1\n');
  expect((await remote.run(['exec', '-d', 'echo two'])).text).toBe('c2\n');
  expect((await remote.run(['cancel'])).text).toBe('c1 cancelled\n');
  expect((await remote.run(['cancel'])).text).toBe('c2 cancelled\n');
  expect((await remote.run(['cancel'])).text).toBe('nothing to cancel\n');
});

test('cancel of a finished command: reports that it already finished, also if it failed', async () => {
  const remote = await openRemote();
  await remote.run(['exec', 'exit 3']);
  const { text, exitCode } = await remote.run(['cancel', 'c1']);
  expect([text, exitCode]).toEqual(['c1 already finished\n', 0]);
  expect(await remote.runJson('cancel', 'c1')).toEqual({
    id: 'c1',
    outcome: 'ended before',
    state: 'finished',
    exit_status: 3,
  });
});

test('cancel with nothing to cancel: reports that; cancel of an unknown id: an error', async () => {
  const remote = await openRemote();
  const idle = await remote.run(['cancel']);
  expect([idle.text, idle.exitCode]).toEqual(['nothing to cancel\n', 0]);
  const unknown = await remote.run(['cancel', 'c9']);
  expect([unknown.text, unknown.exitCode]).toEqual(['', 255]);
  expect(unknown.stderr).toContain('no such command: c9');
  const senseless = await remote.run(['cancel', 'nine']);
  expect([senseless.text, senseless.exitCode]).toEqual(['', 2]);
  expect(senseless.stderr).toContain('not a command id');
});

test('cancel --signal KILL: KILL at once, without a TERM before it', async () => {
  const remote = await openRemote();
  const watched = await startWatched(remote, `sleep ${oddSleep()}; :`);
  const { text } = await remote.run(['cancel', '--signal', 'KILL']);
  expect(text).toBe('c1 stopped\n');
  expect(await withDeadline(watched.exec.closed, 5_000, 'exec ends')).toMatchObject({ code: 137 });
  expect(await watched.signals()).toBe('');
  expect(await watched.alive()).toEqual([]);
});

test('cancel --signal KILL of a command that just ignored a TERM: it ends at once', async () => {
  const remote = await openRemote();
  const watched = await startWatched(remote, `trap '' TERM; sleep ${oddSleep()}; :`, { witness: [] });
  const patient = remote.start(['cancel']);
  onTestFinished(() => void patient.child.kill('SIGKILL'));
  const isTold = async () => (await readCommand(remote, 'c1')).cancel_signal === 'TERM';
  await eventually('the relay knows of the TERM', 10_000, isTold);
  const sudden = await withDeadline(remote.run(['cancel', '--signal', 'KILL']), 5_000, 'the KILL is at once');
  expect(sudden.text).toBe('c1 stopped\n');
  expect(await withDeadline(watched.exec.closed, 5_000, 'exec ends')).toMatchObject({ code: 137 });
  expect(await withDeadline(patient.closed, 5_000, 'the first cancel ends')).toMatchObject({ code: 0 });
  expect(patient.stdout().toString()).toBe('c1 stopped\n');
});

test('two concurrent cancels of a running command: it stops, and both report its end', async () => {
  const remote = await openRemote();
  const watched = await startWatched(remote, `sleep ${oddSleep()}; :`);
  const answers = await Promise.all([remote.run(['cancel', 'c1']), remote.run(['cancel', 'c1'])]);
  expect(answers.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  for (const { text } of answers) expect(text).toMatch(/^c1 (stopped|already finished)\n$/);
  expect(answers.map(({ text }) => text)).toContain('c1 stopped\n');
  expect(await withDeadline(watched.exec.closed, 5_000, 'exec ends')).toMatchObject({ code: 143 });
  expect(await watched.alive()).toEqual([]);
});

test('two concurrent cancels of a queued command: one cancels it, the other reports it already cancelled', async () => {
  const remote = await openBusyRemote();
  const second = await remote.queue('second');
  const answers = await Promise.all([remote.run(['cancel', second]), remote.run(['cancel', second])]);
  const texts = answers.map(({ text }) => text).toSorted();
  expect(texts).toEqual([`${second} already cancelled\n`, `${second} cancelled\n`]);
  await remote.open();
  await remote.waitForEnd(remote.running);
  expect(await remote.ledger()).toBe('first\n');
});
