import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { readSession, waitForState } from '../harness/remote.ts';
import { startAcross, startPair } from './two-relays-kit.ts';
import { forTest } from '../harness/for-test.ts';

// Two relays on one store: the client talks to A, and the listener to B.

async function setUp() {
  const pair = await startPair();
  const remote = await startAcross(pair.a, pair.b);
  const gate = await forTest(makeGate(remote.configDir));
  const marker = join(remote.configDir, 'ran');
  const ran = async () => (await readFile(marker, 'utf8').catch(() => '')).split('\n').slice(0, -1);
  const start = (...args: string[]) => {
    const exec = remote.start(['exec', ...args]);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    return exec;
  };
  return { ...pair, remote, gate, marker, ran, start };
}

test('exec at A prints the output of a listener at B while the command runs, and exits with its status', async () => {
  const { start, gate } = await setUp();
  const exec = start(`echo first; echo err >&2; ${gate.wait}; echo second; exit 7`);
  await eventually('exec prints the first line', 15_000, () => exec.stdout().toString() === 'first\n');
  expect(exec.isRunning()).toBe(true);
  await gate.open();
  expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 7 });
  expect([exec.stdout().toString(), exec.stderr()]).toEqual(['first\nsecond\n', 'err\n']);
});

test('listener at B prints 3 MB: exec at A prints the same bytes', async () => {
  const { remote } = await setUp();
  const { exitCode, text } = await remote.run(['exec', 'seq 450000']);
  expect(exitCode).toBe(0);
  expect(text).toBe(Array.from({ length: 450_000 }, (_, nth) => `${nth + 1}\n`).join(''));
});

test('cancel at A: the command of a listener at B stops', async () => {
  const { start, remote } = await setUp();
  const exec = start('echo begun; sleep 300; :');
  await eventually('the command has begun', 15_000, () => exec.stdout().toString() === 'begun\n');
  const cancelled = await remote.run(['cancel', 'c1']);
  expect([cancelled.exitCode, cancelled.text]).toEqual([0, 'c1 stopped\n']);
  expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 143 });
  await waitForState(remote, 'c1 has ended', ({ commands: [first] }) => {
    return first?.state === 'finished' && first.exit_status === 143;
  });
});

test('exec -i at A: a command of a listener at B reads its stdin', async () => {
  const { remote } = await setUp();
  const input = Array.from({ length: 50_000 }, (_, nth) => `line ${nth}\n`).join('');
  const { exitCode, text } = await remote.run(['exec', '-i', 'cat; echo end'], { stdin: input });
  expect(exitCode).toBe(0);
  expect(text).toBe(`${input}end\n`);
});

test('A restarts while a command runs at B: exec prints all output, and the command ran once', async () => {
  const { a, reopenA, start, gate, marker, ran } = await setUp();
  const exec = start(`echo x >>'${marker}'; echo first; ${gate.wait}; echo second; exit 5`);
  await eventually('exec prints the first line', 15_000, () => exec.stdout().toString() === 'first\n');
  await a.close();
  await gate.open();
  await reopenA();
  expect(await withDeadline(exec.closed, 20_000, 'exec ends')).toMatchObject({ code: 5 });
  expect(exec.stdout().toString()).toBe('first\nsecond\n');
  expect(await ran()).toEqual(['x']);
});

test('A restarts while three commands are queued: each of them runs once at the listener of B', async () => {
  const { a, audit, reopenA, start, gate, marker, ran, remote } = await setUp();
  const execs = ['one', 'two', 'three'].map((word) => {
    return start(`${gate.wait}; echo ${word} >>'${marker}'; echo ${word}`);
  });
  await waitForState(remote, 'the session has three commands', ({ commands }) => commands.length === 3);
  await a.close();
  for (const _exec of execs) await gate.open();
  await eventually('all commands ran', 20_000, async () => (await ran()).length === 3);
  await reopenA();
  for (const exec of execs)
    expect(await withDeadline(exec.closed, 20_000, 'exec ends')).toMatchObject({ code: 0 });
  expect((await ran()).toSorted()).toEqual(['one', 'three', 'two']);
  expect(execs.map((exec) => exec.stdout().toString())).toEqual(['one\n', 'two\n', 'three\n']);
  expect(audit().filter((line) => / command c\d started /.test(line))).toHaveLength(3);
});

test('listener at B is killed while a command runs: exec at A reports the command as lost', async () => {
  const { start, remote, audit } = await setUp();
  const exec = start('echo begun; sleep 300; :');
  await eventually('the command has begun', 15_000, () => exec.stdout().toString() === 'begun\n');
  process.kill(await remote.listener.findRunner(), 'SIGKILL');
  expect(await withDeadline(exec.closed, 20_000, 'exec ends')).toMatchObject({ code: 255 });
  expect(exec.stderr()).toContain('command c1 is lost: its outcome is unknown');
  expect(audit().filter((line) => /command c1 ended .*state=lost/.test(line))).toHaveLength(1);
});

test('session ended at A: the listener at B ends immediately, and B refuses the key', async () => {
  const { remote, b } = await setUp();
  const { key } = await readSession(remote.configDir);
  expect((await fetch(`${b.url}/api/session/${key}`)).status).toBe(200);
  expect((await remote.run(['end'])).exitCode).toBe(0);
  await withDeadline(remote.listener.exited, 10_000, 'the listener ends');
  for (const path of [`/api/session/${key}`, `/cmd-${key}?nowait=1`, `/api/session/${key}/commands`])
    expect((await fetch(`${b.url}${path}`)).status, path).toBe(410);
});
