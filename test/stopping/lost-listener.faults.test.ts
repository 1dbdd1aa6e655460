import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import type { CapturedProcess } from '../harness/captured-process.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { isLong } from '../harness/is-long.ts';
import { asAuto, type Listener, startListener } from '../harness/listener.ts';
import { type Remote, startRemote, waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { findRunner, freeze, killOutright, thaw, waitForHeldRequest } from './outright.ts';
import { oddSleep, startWatched, type Watched } from './watched-command.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay();

async function openRemote(): Promise<Remote> {
  const remote = await forTest(startRemote(relay));
  return remote;
}

async function startAnother(line: string): Promise<Listener> {
  const listener = await forTest(startListener(line));
  return listener;
}

async function expectLost(exec: CapturedProcess, deadlineMs: number): Promise<void> {
  const { code } = await withDeadline(exec.closed, deadlineMs, 'exec reports that the command is lost');
  expect([code, exec.stderr()]).toEqual([255, expect.stringContaining('is lost: its outcome is unknown')]);
}

/** Expects that a new listener is accepted and serves the next command, within the time that a start takes. */
async function expectTakeOver(remote: Remote): Promise<void> {
  const second = await startAnother(remote.line);
  const { text, exitCode } = await remote.run(['exec', '--wait', '10s', 'echo by the new one']);
  expect([text, exitCode]).toEqual(['by the new one\n', 0]);
  expect(second.isRunning()).toBe(true);
}

async function startSleeping(remote: Remote): Promise<Watched> {
  return startWatched(remote, `sleep ${oddSleep()}; :`, { witness: [] });
}

test('the listener is killed in the middle of a command: exec reports it lost at once, a new listener takes over', async () => {
  const remote = await openRemote();
  const { exec } = await startSleeping(remote);
  process.kill(await findRunner(remote.listener), 'SIGKILL');
  await expectLost(exec, 5_000);
  const { text } = await remote.run(['status']);
  expect(text).toMatch(/^listener +disconnected, /m);
  expect(text).toMatch(/^c1 +lost/m);
  expect((await remote.run(['exec', '--wait', '0', 'true'])).exitCode).toBe(255);
  await expectTakeOver(remote);
});

test('an idle listener is killed: status shows it disconnected at once, a new listener takes over', async () => {
  const remote = await openRemote();
  process.kill(await findRunner(remote.listener), 'SIGKILL');
  const isGone = ({ listener }: { listener: { attached: boolean } | null }) => listener?.attached === false;
  await waitForState(remote, 'the listener is gone', isGone, 5_000);
  await expectTakeOver(remote);
});

test('the listener is killed: its folder and its own processes are removed', async () => {
  const remote = await openRemote();
  const watched = await startSleeping(remote);
  process.kill(await findRunner(remote.listener), 'SIGKILL');
  await expectLost(watched.exec, 5_000);
  await eventually('its folder is gone', 10_000, async () => {
    return (await readdir(remote.listener.temporaryFolder)).length === 0;
  });
  const ofCommand = await watched.alive();
  await eventually('its processes are gone', 10_000, async () => {
    const left = (await remote.listener.processes()).filter(({ pid }) => !ofCommand.includes(pid));
    // The shell that leads the command still waits for the command.
    return left.every(({ commandLine }) => /^bash( -c|$)/.test(commandLine)) && left.length <= 2;
  });
});

test('all processes of the listener are killed, so that none announces its end: lost within 15 s', async () => {
  const remote = await openRemote();
  const { exec } = await startSleeping(remote);
  await waitForHeldRequest(remote.listener);
  await killOutright(remote.listener);
  await expectLost(exec, 15_000);
  expect((await remote.run(['status'])).text).toMatch(/^listener +disconnected, /m);
  await expectTakeOver(remote);
});

test('TERM to a listener in the middle of a command: it stops the command, and announces its end', async () => {
  const remote = await openRemote();
  const watched = await startSleeping(remote);
  process.kill(await findRunner(remote.listener), 'SIGTERM');
  const { code } = await withDeadline(watched.exec.closed, 5_000, 'exec ends');
  expect(code).toBe(130);
  expect(await watched.alive()).toEqual([]);
  await withDeadline(remote.listener.exited, 5_000, 'the listener ends');
  expect((await remote.run(['status'])).text).toMatch(/^listener +disconnected, /m);
  expect(await readdir(remote.listener.temporaryFolder)).toEqual([]);
});

async function waitsForItsPlace(second: Listener): Promise<void> {
  const host = hostname().replaceAll(/[^A-Za-z0-9._-]/g, '_');
  const text = `another listener (${host}) is still connected; waiting`;
  await eventually('the second listener waits', 10_000, () => second.output().includes(text));
}

test('a second listener: it names the host of the first and waits, and the first still serves', async () => {
  const remote = await openRemote();
  const second = await startAnother(remote.line);
  await waitsForItsPlace(second);
  expect(remote.listener.isRunning()).toBe(true);
  expect((await remote.run(['exec', 'echo still the first'])).text).toBe('still the first\n');
});

test('a second listener in the middle of a command: it waits, and the command is not disturbed', async () => {
  const remote = await openRemote();
  const folder = await forTest(makeTemporaryFolder());
  const gate = await forTest(makeGate(folder.path));
  const watched = await startWatched(remote, `${gate.wait}; echo undisturbed; exit 7`);
  const second = await startAnother(asAuto(remote.line.replace('?mode=auto', '')));
  await waitsForItsPlace(second);
  await gate.open();
  expect(await withDeadline(watched.exec.closed, 10_000, 'exec ends')).toMatchObject({ code: 7 });
  expect(watched.exec.stdout().toString()).toBe('undisturbed\n');
});

test.skipIf(!isLong)(
  'a frozen listener: the command is lost within 60 s; after the thaw the late finish counts, with the whole output',
  async () => {
    const remote = await openRemote();
    const folder = await forTest(makeTemporaryFolder());
    const gate = await forTest(makeGate(folder.path));
    const { exec } = await startWatched(remote, `echo before; ${gate.wait}; echo after; exit 7`);
    await eventually('the first line is here', 10_000, () => exec.stdout().toString() === 'before\n');
    const frozen = await freeze(remote.listener);
    onTestFinished(() => thaw(frozen));
    await expectLost(exec, 60_000);
    expect((await remote.run(['status'])).text).toMatch(/^listener +disconnected, /m);
    thaw(frozen);
    await gate.open();
    await eventually('the late finish counts', 30_000, async () => {
      const late = await remote.runJson('status', 'c1');
      return late.state === 'finished' && late.exit_status === 7;
    });
    expect((await remote.run(['logs', 'c1'])).text).toBe('before\nafter\n');
    expect((await remote.run(['exec', 'echo back'])).text).toBe('back\n');
  },
  120_000,
);
