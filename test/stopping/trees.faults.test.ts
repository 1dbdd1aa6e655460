import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { sendSignal } from '../harness/process-session.ts';
import { waitForState } from '../harness/remote.ts';
import { type CommandState, oddSleep, readCommand, startWatched, type Watched } from './watched-command.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';

const relay = useRelay();
const remote = useRemote(relay);

/** TERM, KILL after ten seconds, and a margin for the check. */
const goneWithinMs = 15_000;

type Tree = {
  name: string;
  render: (sleep: string) => string;
  /** Sleeps that the test must see before it stops them. */
  sleeps: number;
  /** Its exit status after a cancel with TERM. */
  status: 143 | 137;
};

const trees: Tree[] = [
  { name: 'a sleep beside a sleep', render: (s) => `sleep ${s} & sleep ${s}`, sleeps: 2, status: 143 },
  {
    name: 'nested shells',
    render: (s) => `bash -c 'bash -c "sleep ${s} & sleep ${s}"; :'; :`,
    sleeps: 2,
    status: 143,
  },
  { name: 'a pipeline', render: (s) => `sleep ${s} | sleep ${s}`, sleeps: 2, status: 143 },
  { name: 'nohup', render: (s) => `nohup sleep ${s}; :`, sleeps: 1, status: 143 },
  {
    name: 'a program that ignores TERM',
    render: (s) => `trap '' TERM; sleep ${s} & sleep ${s} & sleep ${s}; :`,
    sleeps: 3,
    status: 137,
  },
];

async function sleepsOf(sleep: string): Promise<number> {
  const running = await remote.listener.processes();
  return running.filter(({ commandLine }) => commandLine === `sleep ${sleep}`).length;
}

async function startTree({ render, sleeps, status }: Tree, args: string[] = []): Promise<Watched> {
  const sleep = oddSleep();
  const witness = status === 137 ? ['INT'] : ['INT', 'TERM'];
  const watched = await startWatched(remote, render(sleep), { args, witness });
  onTestFinished(() => sendSignal(-watched.group, 'SIGKILL'));
  const alive = async () => [...(await watched.alive()), ...Array.from({ length: await sleepsOf(sleep) })];
  // With --timeout the tree may have ended already.
  if (args.length === 0)
    await eventually('the whole tree runs', 5_000, async () => (await sleepsOf(sleep)) === sleeps);
  return { ...watched, alive: alive as Watched['alive'] };
}

async function isAllGone({ alive }: Watched): Promise<void> {
  await eventually('nothing of its group is alive', goneWithinMs, async () => (await alive()).length === 0);
}

async function expectFirstSignal({ signals }: Watched, name: string, ms = 2_000): Promise<void> {
  const first = await eventually('the first signal reaches it', ms, async () => (await signals()) || null);
  expect(first.split('\n')[0]).toBe(name);
}

async function exitCodeOf({ exec }: Watched): Promise<number | null> {
  return (await withDeadline(exec.closed, goneWithinMs + 3_000, 'exec ends')).code;
}

async function expectServing(): Promise<void> {
  const { text, exitCode } = await remote.run(['exec', 'echo still here']);
  expect([text, exitCode]).toEqual(['still here\n', 0]);
}

async function newestCommand(): Promise<CommandState> {
  const { commands } = await remote.runJson<{ commands: CommandState[] }>('status');
  const newest = commands.at(-1);
  if (!newest) throw new Error('there is no command');
  return newest;
}

describe.each(trees)('$name', (tree) => {
  test('cancel: all processes stop, and cancel reports it', async () => {
    const watched = await startTree(tree);
    const { id } = await newestCommand();
    const cancelled = remote.run(['cancel', id]);
    await eventually(
      'the relay knows of the TERM',
      10_000,
      async () => (await readCommand(remote, id)).cancel_signal === 'TERM',
    );
    if (tree.status === 143) await expectFirstSignal(watched, 'TERM');
    await isAllGone(watched);
    const { text, exitCode } = await cancelled;
    expect([text, exitCode]).toEqual([`${id} stopped\n`, 0]);
    expect(await exitCodeOf(watched)).toBe(tree.status);
    expect(await readCommand(remote, id)).toMatchObject({ state: 'finished', exit_status: tree.status });
    await expectServing();
  });

  test('--timeout: all processes stop, and the exit status is 124', async () => {
    const watched = await startTree(tree, ['--timeout', '1s']);
    // One second of --timeout, and two for the signal.
    if (tree.status === 143) await expectFirstSignal(watched, 'TERM', 3_000);
    await isAllGone(watched);
    expect(await exitCodeOf(watched)).toBe(124);
    expect(watched.exec.stderr()).toContain('timed out');
    expect(await newestCommand()).toMatchObject({ state: 'timed_out', exit_status: tree.status });
    await expectServing();
  });

  test('Ctrl-C at exec: all processes stop, and the exit status is 130', async () => {
    const watched = await startTree(tree);
    watched.exec.child.kill('SIGINT');
    await expectFirstSignal(watched, 'INT');
    await isAllGone(watched);
    expect(await exitCodeOf(watched)).toBe(130);
    expect(watched.exec.stderr()).toContain('stopping command');
    await expectServing();
  });
});

test('--timeout 1s: a command runs for at least one second, wherever in a second it starts', async () => {
  for (let turn = 1; turn <= 4; turn++) {
    const { text, exitCode } = await remote.run(['exec', '--json', '--timeout', '1s', `sleep ${oddSleep()}`]);
    const { duration_ms: durationMs } = JSON.parse(text) as { duration_ms: number };
    expect([turn, exitCode]).toEqual([turn, 124]);
    expect(durationMs).toBeGreaterThanOrEqual(1_000);
  }
});

test('a stopped command leaves a process in its own group: the next command still runs', async () => {
  const sleep = oddSleep();
  const watched = await startWatched(remote, `setsid sleep ${sleep} & sleep ${sleep}; :`);
  await eventually('both run', 5_000, async () => (await sleepsOf(sleep)) === 2);
  const { text } = await remote.run(['cancel']);
  expect(text).toMatch(/^c\d+ stopped\n$/);
  expect(await exitCodeOf(watched)).toBe(143);
  await expectServing();
  for (const { pid, commandLine } of await remote.listener.processes())
    if (commandLine === `sleep ${sleep}`) sendSignal(pid, 'SIGKILL');
});

test('a second Ctrl-C at exec: the command keeps running, and exec prints how to reattach', async () => {
  const watched = await startWatched(remote, `trap '' INT TERM; sleep ${oddSleep()}; :`, { witness: [] });
  const { id } = await newestCommand();
  watched.exec.child.kill('SIGINT');
  await eventually('exec reports the stop', 5_000, () => watched.exec.stderr().includes('stopping command'));
  watched.exec.child.kill('SIGINT');
  expect(await exitCodeOf(watched)).toBe(130);
  expect(watched.exec.stderr()).toContain(`remotify logs -f ${id}`);
  expect((await watched.alive()).length).toBeGreaterThan(0);
  await remote.run(['cancel', id, '--signal', 'KILL']);
  await isAllGone(watched);
  await waitForState(remote, 'nothing runs any more', ({ current }) => current === null);
});
