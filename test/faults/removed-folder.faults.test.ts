import { spawnSync } from 'node:child_process';
import { access, mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { runnerPath } from '../harness/hand-run.ts';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { sendSignal } from '../harness/process-session.ts';
import { startRemote, startSupervised, waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { hasTmux } from '../harness/tmux.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { listening } from '../harness/prompts.ts';

// The private folder of a listener is removed, in whole or in part, or its files are modified.

const relay = useRelay();

async function setUp(own: { url: string } = relay) {
  const remote = await forTest(startRemote(own));
  await eventually('the listener is connected', 15_000, () => remote.listener.output().includes(listening));
  const { temporaryFolder } = remote.listener;
  const [name = ''] = await readdir(temporaryFolder);
  const work = join(temporaryFolder, name);
  const remove = () => rm(work, { recursive: true, maxRetries: 20, retryDelay: 10 });
  return { ...remote, work, remove };
}

const bashWords = /line \d+:|No such file|cannot open|mktemp:|mkdir:|tail:|head:|cat:/;

describe('the folder is removed, as by a cleaner of /tmp', () => {
  test('the folder is removed while idle: it is created again at the same path with mode 700, and commands run', async () => {
    const { run, listener, work, remove } = await setUp();
    await remove();
    expect(await run(['exec', 'echo out; echo err >&2; exit 3'])).toMatchObject({
      exitCode: 3,
      text: 'out\n',
      stderr: 'err\n',
    });
    expect(((await stat(work)).mode & 0o777).toString(8)).toBe('700');
    expect(await readdir(work)).toContain('owner');
    expect(listener.output()).not.toMatch(bashWords);
    await eventually('the command is done', 15_000, () =>
      listener.output().includes('<<< done, 8 bytes sent back'),
    );
    await remove();
    expect((await run(['exec', 'head -c 300000 /dev/zero | wc -c'])).text).toBe('300000\n');
    expect(listener.output()).not.toMatch(bashWords);
  });

  test('the folder is removed while a command runs: stderr reports lost output, and the next command runs', async () => {
    const { run, start, listener, configDir, remove } = await setUp();
    const gate = await forTest(makeGate(configDir));
    const exec = start(['exec', `echo before; ${gate.wait}; echo after; exit 3`]);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    await eventually('the first line is there', 15_000, () => exec.stdout().toString() === 'before\n');
    await remove();
    await gate.open();
    const { code } = await withDeadline(exec.closed, 30_000, 'exec ends');
    expect(code).toBe(3);
    expect(exec.stdout().toString()).toBe('before\n');
    expect(exec.stderr()).toContain('remotify: output is lost: the folder ');
    expect(await run(['exec', 'echo next'])).toMatchObject({ exitCode: 0, text: 'next\n', stderr: '' });
    expect(listener.output()).not.toMatch(bashWords);
  });

  test('the folder is removed while a command runs that exits with 0: exec does not exit with 0', async () => {
    const { start, configDir, remove } = await setUp();
    const gate = await forTest(makeGate(configDir));
    const exec = start(['exec', `echo before; ${gate.wait}; echo after`]);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    await eventually('the first line is there', 15_000, () => exec.stdout().toString() === 'before\n');
    await remove();
    await gate.open();
    expect((await withDeadline(exec.closed, 30_000, 'exec ends')).code).not.toBe(0);
  });

  // A cleaner that removes old files may remove single ones.
  test.each([
    ['spool.c1.stdout.0', false],
    ['spool.c1.stdout.sent', false],
    ['spool.c1.stdout.note', true],
    ['spool.c1.totals', true],
    ['spool.c1.stderr.0', true],
    ['kept', false],
    ['chunk', true],
    ['run_over', true],
    ['running', true],
    ['leaders', true],
    ['command', true],
  ])(
    'only the file %s is removed while a command runs: exec succeeds with all output: %j',
    async (name, isSuccess) => {
      const { run, start, listener, configDir, work } = await setUp();
      const gate = await forTest(makeGate(configDir));
      const exec = start(['exec', `echo before; ${gate.wait}; echo after`]);
      onTestFinished(() => void exec.child.kill('SIGKILL'));
      await eventually('the first line is there', 15_000, () => exec.stdout().toString() === 'before\n');
      await rm(join(work, name), { force: true });
      await gate.open();
      const { code } = await withDeadline(exec.closed, 30_000, 'exec ends');
      expect(code === 0).toBe(isSuccess);
      if (isSuccess) expect(exec.stdout().toString()).toBe('before\nafter\n');
      else expect(exec.stderr()).toContain('remotify: output is lost: the folder ');
      expect(await run(['exec', 'echo next'])).toMatchObject({ exitCode: 0, text: 'next\n', stderr: '' });
      expect(listener.output()).not.toMatch(bashWords);
    },
  );

  test('the folder is removed while a result waits for an unreachable relay: it is sent later, bash prints no error', {
    timeout: 90_000,
  }, async () => {
    const lasting = await startLastingRelay();
    const { start, listener, configDir, remove } = await setUp(lasting);
    const gate = await forTest(makeGate(configDir));
    const exec = start(['exec', `echo before; ${gate.wait}; echo after`]);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    await eventually('the first line is there', 15_000, () => exec.stdout().toString() === 'before\n');
    await lasting.kill();
    await gate.open();
    await eventually('the listener cannot send the result', 30_000, () =>
      listener.output().includes('cannot reach the relay'),
    );
    await remove();
    await lasting.start();
    const { code } = await withDeadline(exec.closed, 60_000, 'exec ends');
    expect(code).not.toBe(0);
    await eventually('the command is done', 15_000, () => listener.output().includes('<<< done, '));
    expect(listener.output()).not.toMatch(bashWords);
  });

  test.skipIf(!hasTmux)(
    'the folder is removed during a question: y does not run the command, and exec prints why',
    async () => {
      const remote = await forTest(startSupervised(relay));
      const trace = join(remote.configDir, 'trace');
      const exec = remote.start(['exec', `: >'${trace}'`]);
      onTestFinished(() => void exec.child.kill('SIGKILL'));
      await remote.terminal.waitForText('run it? [', 15_000);
      const [name = ''] = await readdir(remote.temporaryFolder);
      const work = join(remote.temporaryFolder, name);
      // Wait until the process that reads the answer has its file open.
      const isRead = async () => {
        const reader = await readFile(join(work, 'reader.pid'), 'utf8').catch(() => '');
        return (await readlink(`/proc/${reader.trim()}/fd/1`).catch(() => '')) === join(work, 'line');
      };
      await eventually('the runner reads the answer', 15_000, isRead);
      await rm(work, { recursive: true, maxRetries: 20, retryDelay: 10 });
      await remote.terminal.type('y\n');
      await remote.terminal.waitForText('invalid input, try again', 15_000);
      await eventually('the runner reads the answer again', 15_000, isRead);
      await remote.terminal.type('y\n');
      expect((await withDeadline(exec.closed, 30_000, 'exec ends')).code).toBe(126);
      expect(exec.stderr()).toContain('the folder of the listener was removed');
      await expect(access(trace)).rejects.toThrow();
    },
  );

  test.each([
    [
      'together with the temporary folder',
      async (folder: string) => rm(folder, { recursive: true, maxRetries: 20 }),
    ],
    [
      'and replaced by a symbolic link',
      async (folder: string, work: string) => {
        await rm(work, { recursive: true, maxRetries: 20, retryDelay: 10 });
        await mkdir(join(folder, 'trap'));
        await symlink(join(folder, 'trap'), work);
      },
    ],
  ])(
    'the folder is removed %s: the listener ends with one error, runs no command, and is not connected',
    async (_title, spoil) => {
      const remote = await setUp();
      const { listener, work } = remote;
      await spoil(listener.temporaryFolder, work);
      await remote.run(['exec', '-d', `: >'${join(remote.configDir, 'trace')}'`]);
      await withDeadline(listener.exited, 30_000, 'the listener ends');
      expect(listener.output()).toMatch(
        /^remotify: listening .+\nremotify: error: the folder \S+ was removed and cannot be created again\n$/,
      );
      await waitForState(
        remote,
        'the listener is gone',
        (state) => state.listener?.attached === false,
        8_000,
      );
      await expect(access(join(remote.configDir, 'trace'))).rejects.toThrow();
      // At most files of the last answer may be written there.
      const written = await readdir(join(listener.temporaryFolder, 'trap')).catch(() => []);
      expect(written.filter((name) => !name.startsWith('next.'))).toEqual([]);
      await eventually('no process is left', 10_000, async () => (await listener.processes()).length === 0);
    },
  );
});

test.each([
  ['0', 0],
  ['12', 12],
  ['0012', 12],
  ['123456789012345', 123_456_789_012_345],
  ['1234567890123456', 0],
  ['', 0],
  ['-1', 0],
  ['1 2', 0],
  ['x[$(: >hit)]', 0],
  ['0x10', 0],
])('read_number of a file with %j: the result is %i', async (text, number) => {
  const folder = await forTest(makeTemporaryFolder());
  await writeFile(join(folder.path, 'file'), `${text}\n`);
  const program = `set -u; eval "$(sed -n '/^read_number()/,/^}/p' '${runnerPath}')"; read_number file; echo "$number"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', program], { cwd: folder.path, encoding: 'utf8' });
  expect([stdout, stderr]).toEqual([`${number}\n`, '']);
  expect(await readdir(folder.path)).toEqual(['file']);
});

test('files of the folder contain shell code instead of a number: the listener evaluates nothing and signals no process', async () => {
  const { listener, work } = await setUp();
  const hit = join(listener.temporaryFolder, 'hit');
  for (const name of ['next.pid', 'leave.pid', 'group'])
    await writeFile(join(work, name), `x[$(: >'${hit}')]\n`);
  sendSignal(await listener.findRunner(), 'SIGTERM');
  await withDeadline(listener.exited, 15_000, 'the listener ends');
  expect(await readdir(listener.temporaryFolder)).toEqual([]);
});
