import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { listProcessesWith, sendSignal } from '../harness/process-session.ts';
import { oddSleep } from './watched-command.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';

// Processes that leave the process group of their command are stopped with it.

const relay = useRelay();
const remote = useRemote(relay);

const ways: [string, (sleep: string) => string][] = [
  ['setsid in the foreground', (sleep) => `setsid -w sleep ${sleep}; :`],
  ['setsid in the background', (sleep) => `setsid sleep ${sleep} & wait`],
  ['setsid, nohup and a parent that is gone', (sleep) => `(setsid nohup sleep ${sleep} &) ; sleep 300`],
  ['job control of a shell', (sleep) => `bash -c 'set -m; sleep ${sleep} & wait'; :`],
  ['a session within a session', (sleep) => `setsid bash -c 'setsid sleep ${sleep} & wait' & wait`],
  ['another folder, another name', (sleep) => `cd /; (exec -a other setsid sleep ${sleep}) & wait`],
];

async function startAway(text: string, sleep: string, args: string[] = []) {
  const exec = remote.start(['exec', ...args, text]);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  const alive = async () => {
    const running = await listProcessesWith(`TMPDIR=${remote.listener.temporaryFolder}`);
    return running.filter(
      ({ commandLine }) => commandLine.endsWith(` ${sleep}`) && !commandLine.includes('bash'),
    );
  };
  const [first] = await eventually('the sleep runs', 10_000, async () => {
    const found = await alive();
    return found.length > 0 && found;
  });
  onTestFinished(() => {
    if (first) sendSignal(first.pid, 'SIGKILL');
  });
  return { exec, isGone: async () => (await alive()).length === 0 };
}

describe.each(ways)('%s', (_title, render) => {
  test('cancel stops the process', async () => {
    const sleep = oddSleep();
    const { exec, isGone } = await startAway(render(sleep), sleep);
    expect((await remote.run(['cancel'])).exitCode).toBe(0);
    await eventually('the sleep is gone', 3_000, isGone);
    expect(await withDeadline(exec.closed, 10_000, 'exec ends')).toMatchObject({ code: 143 });
  });

  test('--timeout stops the process', async () => {
    const sleep = oddSleep();
    const { exec, isGone } = await startAway(render(sleep), sleep, ['-t', '1']);
    expect(await withDeadline(exec.closed, 10_000, 'exec ends')).toMatchObject({ code: 124 });
    await eventually('the sleep is gone', 3_000, isGone);
  });
});

test('Ctrl-C at exec stops a process that setsid started', async () => {
  const sleep = oddSleep();
  const { exec, isGone } = await startAway(`setsid sleep ${sleep} & wait`, sleep);
  exec.child.kill('SIGINT');
  await eventually('the sleep is gone', 3_000, isGone);
  expect(await withDeadline(exec.closed, 10_000, 'exec ends')).toMatchObject({ code: 130 });
});

test('a process that setsid started and that ignores TERM: it is killed ten seconds later', {
  timeout: 40_000,
}, async () => {
  const sleep = oddSleep();
  const { exec, isGone } = await startAway(`(trap '' TERM; setsid sleep ${sleep}) & wait`, sleep);
  const cancelled = remote.run(['cancel'], { deadlineMs: 30_000 });
  await eventually('the sleep is gone', 20_000, isGone);
  await withDeadline(exec.closed, 10_000, 'exec ends');
  await cancelled;
});

test('a background process of an earlier command that ended by itself: it survives when another command is stopped', async () => {
  const sleep = oddSleep();
  await remote.run(['exec', `setsid sleep ${sleep} >/dev/null 2>&1 & :`]);
  const running = await eventually('the background process runs', 5_000, async () => {
    const all = await remote.listener.processes();
    return all.find(({ commandLine }) => commandLine === `sleep ${sleep}`);
  });
  onTestFinished(() => sendSignal(running.pid, 'SIGKILL'));
  const other = oddSleep();
  const { exec, isGone } = await startAway(`setsid sleep ${other} & wait`, other);
  await remote.run(['cancel']);
  await eventually('the other sleep is gone', 5_000, isGone);
  await withDeadline(exec.closed, 10_000, 'exec ends');
  const all = await remote.listener.processes();
  expect(all.map(({ commandLine }) => commandLine)).toContain(`sleep ${sleep}`);
});
