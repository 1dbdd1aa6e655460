import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually } from '../harness/deadline.ts';
import { makeShortSleep } from '../harness/hand-run.ts';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { startListener } from '../harness/listener.ts';
import { sendSignal } from '../harness/process-session.ts';
import { waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';
import { listening } from '../harness/prompts.ts';

// The examples in docs/examples that keep a listener running as long as the machine: a crontab and a systemd unit.

const examplePath = (name: string) => fileURLToPath(new URL(`../../docs/examples/${name}`, import.meta.url));
const unitPath = examplePath('remotify-listener.service');
const unit = await readFile(unitPath, 'utf8');
const crontab = await readFile(examplePath('crontab'), 'utf8');

/** The command that cron runs. */
const cronCommand = /^@reboot (.+)$/m.exec(crontab)?.[1] ?? '';

/** The command that systemd runs, again after each end (Restart=always). */
const unitCommand = /^ExecStart=\/bin\/bash -c '(.+)'$/m.exec(unit)?.[1] ?? '';

/** The step of both examples that turns the line to paste into a configuration file for curl. */
const fileStep = /remotify new --auto \| (sed .+) >listener\)/.exec(crontab)?.[1] ?? '';

async function setUp(PATH?: string) {
  const relay = await startLastingRelay();
  const client = await forTest(makeClient(relay));
  const home = await forTest(makeTemporaryFolder());
  const line = await client.makeSession('--auto');
  const made = spawnSync('bash', ['-c', fileStep], { input: `${line}\n`, encoding: 'utf8' });
  const key = /\/r\/([0-9a-f]{32})/.exec(line)?.[1] ?? '';
  expect(made.stdout).toBe(`url = "${relay.url}/r/${key}?mode=auto"\n`);
  const folder = join(home.path, '.config/remotify');
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'listener');
  await writeFile(file, made.stdout, { mode: 0o600 });
  const start = async (command: string) => {
    const listener = await forTest(
      startListener(command, { HOME: home.path, ...(PATH !== undefined && { PATH }) }),
    );
    return listener;
  };
  const echo = async (word: string) => {
    const { text } = await client.run(['exec', `echo ${word}`], { deadlineMs: 60_000 });
    expect(text).toBe(`${word}\n`);
  };
  return { relay, client, key, file, start, echo };
}

test('both examples create the same file, and neither contains a key', () => {
  expect(fileStep).not.toBe('');
  expect(unit).toContain(`remotify new --auto | ${fileStep} >listener)`);
  expect(unit + crontab).not.toMatch(/[0-9a-f]{32}/);
});

test('the cron command is valid in sh and has no percent sign', () => {
  expect(cronCommand).not.toBe('');
  expect(cronCommand).not.toContain('%');
  expect(spawnSync('sh', ['-n', '-c', cronCommand]).status).toBe(0);
});

describe.each([
  ['the cron line', (file: string) => (file === '' ? '' : cronCommand)],
  [
    'the unit',
    // A loop that restarts the command simulates systemd.
    (file: string) => `while :; do (${unitCommand.replace('/etc/remotify/listener', file)}); sleep 1; done`,
  ],
])('%s', (_title, commandFor) => {
  test('the listener is killed, and the relay restarts: a listener connects again, and no process list has the key', {
    timeout: 120_000,
  }, async () => {
    const { relay, client, key, file, start, echo } = await setUp();
    const listener = await start(commandFor(file));
    await waitForState(
      client,
      'the listener is connected',
      (state) => state.listener?.attached === true,
      30_000,
    );
    await echo('one');
    const all = await listener.processes();
    expect(all.filter(({ commandLine }) => commandLine.includes(key))).toEqual([]);
    const runner = all.find(({ commandLine }) => commandLine === 'bash');
    expect(runner, JSON.stringify(all)).toBeDefined();
    sendSignal(runner?.pid ?? 0, 'SIGKILL');
    const starts = () => listener.output().split(listening).length - 1;
    await eventually('a new listener starts', 60_000, () => starts() === 2);
    await echo('two');
    await relay.kill();
    await eventually('the listener reports that the relay is unreachable', 40_000, () =>
      listener.output().includes('cannot reach the relay'),
    );
    await relay.start();
    await echo('three');
  });

  test('the session ends: the listener prints it; a new session in the file: the listener connects to it', {
    timeout: 120_000,
  }, async () => {
    const { relay, client, file, start } = await setUp();
    const listener = await start(commandFor(file));
    await waitForState(
      client,
      'the listener is connected',
      (state) => state.listener?.attached === true,
      30_000,
    );
    await client.run(['end']);
    const says = 'remotify: this session has ended; ask for a new line (remotify new)';
    await eventually('the listener prints it', 30_000, () => listener.output().includes(says));
    const line = await client.makeSession('--auto');
    const key = /\/r\/([0-9a-f]{32})/.exec(line)?.[1] ?? '';
    await writeFile(file, `url = "${relay.url}/r/${key}?mode=auto"\n`);
    await waitForState(
      client,
      'the listener is connected again',
      (state) => state.listener?.attached === true,
      60_000,
    );
  });
});

test('the listener ends at once each time: the pauses of the cron line grow up to 64 s', async () => {
  const { PATH, times } = await makeShortSleep();
  const { client, start } = await setUp(PATH);
  await client.run(['end']);
  const listener = await start(cronCommand);
  await eventually('the listener has been started often', 60_000, async () => (await times()).length >= 9);
  expect((await times()).slice(0, 9)).toEqual(['1', '2', '4', '8', '16', '32', '64', '64', '64']);
  expect(listener.output()).toContain('this session has ended');
});

test('the unit restarts without a limit, with a pause of at least 5 s', () => {
  expect(unit).toMatch(/^StartLimitIntervalSec=0$/m);
  expect(unit).toMatch(/^Restart=always$/m);
  expect(Number(/^RestartSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThanOrEqual(5);
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

test.skipIf(!hasSystemd)('systemd-analyze verify reports nothing about the unit', () => {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unitPath], {
    encoding: 'utf8',
  });
  expect([status, stdout, stderr]).toEqual([0, '', '']);
});
