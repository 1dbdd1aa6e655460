import { access, readdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import type { Listener } from '../harness/listener.ts';
import { sendSignal } from '../harness/process-session.ts';
import { startRemote, startSupervised, waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { hasTmux } from '../harness/tmux.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { endedWell } from '../harness/prompts.ts';

// How a listener ends on signals, at the end of the session and when the terminal closes: no process and no file is left.

const relay = useRelay();

async function setUp() {
  const remote = await forTest(startRemote(relay));
  const startExec = async (command: string) => {
    const exec = remote.start(['exec', `echo ready; ${command}`]);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    await eventually('the command runs', 15_000, () => exec.stdout().toString() === 'ready\n');
    return exec;
  };
  return { ...remote, startExec };
}

/** Waits until no process and no file of the listener is left. */
const nothingIsLeft = (
  { processes, temporaryFolder }: Pick<Listener, 'processes' | 'temporaryFolder'>,
  deadlineMs = 15_000,
) =>
  eventually('nothing of the listener is left', deadlineMs, async () => {
    const left = [await processes(), await readdir(temporaryFolder)];
    if (left.flat().length > 0) throw new Error(JSON.stringify(left));
    return true;
  });

describe('SIGTERM to the listener', () => {
  test('SIGTERM while idle: nothing is left, and the relay reports the listener as gone at once', async () => {
    const remote = await setUp();
    sendSignal(await remote.listener.findRunner(), 'SIGTERM');
    await withDeadline(remote.listener.exited, 10_000, 'the listener ends');
    await nothingIsLeft(remote.listener);
    await waitForState(remote, 'the listener is gone', (state) => state.listener?.attached === false);
    expect(relay.stderr()).not.toMatch(/error/);
  });

  // Bash must not print a report about a killed job.
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s while idle: the listener ends and prints nothing',
    async (signal) => {
      const { listener } = await setUp();
      await eventually('the listener prints that it listens', 15_000, () =>
        listener.output().endsWith('quit)\n'),
      );
      sendSignal(await listener.findRunner(), signal);
      await withDeadline(listener.exited, 10_000, 'the listener ends');
      await nothingIsLeft(listener);
      expect(listener.output()).toMatch(/^remotify: listening as .*\n$/);
    },
  );

  // The command runs for 13 s: what ends 10 s after INT does not end because of it.
  test('SIGINT while a command runs that survives it: it runs to its end, and its background process goes on', async () => {
    const { listener, startExec } = await setUp();
    const background = '(trap "" INT; exec sleep 300) </dev/null >/dev/null 2>&1 &';
    const exec = await startExec(
      `trap "echo told" INT; ${background} for i in {1..130}; do sleep 0.1; done; exit 7`,
    );
    sendSignal(await listener.findRunner(), 'SIGINT');
    expect(await withDeadline(exec.closed, 25_000, 'exec ends')).toMatchObject({ code: 7 });
    expect(exec.stdout().toString()).toBe('ready\ntold\n');
    const left = (await listener.processes()).filter(({ commandLine }) => commandLine === 'sleep 300');
    expect(left).toHaveLength(1);
    for (const { pid } of left) sendSignal(pid, 'SIGKILL');
  });

  test('SIGTERM while a command runs: the command gets SIGINT, its result is sent, and nothing is left', async () => {
    const { listener, startExec } = await setUp();
    const exec = await startExec('trap "echo bye; exit 3" INT; while :; do sleep 0.1; done');
    sendSignal(await listener.findRunner(), 'SIGTERM');
    expect(await withDeadline(exec.closed, 20_000, 'exec ends')).toMatchObject({ code: 3 });
    expect(exec.stdout().toString()).toBe('ready\nbye\n');
    await withDeadline(listener.exited, 10_000, 'the listener ends');
    await nothingIsLeft(listener);
  });

  test.skipIf(!isLong)(
    'SIGTERM while a command runs that ignores signals: the command is killed, and the listener ends',
    {
      timeout: 60_000,
    },
    async () => {
      const { listener, startExec } = await setUp();
      await startExec("trap '' INT TERM; sleep 300 & sleep 300; sleep 300");
      sendSignal(await listener.findRunner(), 'SIGTERM');
      await withDeadline(listener.exited, 30_000, 'the listener ends');
      await nothingIsLeft(listener);
    },
  );

  test('SIGTERM to the whole process group, as when a service stops: nothing is left', async () => {
    const { listener, startExec } = await setUp();
    await startExec('sleep 300 & (sleep 300 & sleep 300) & sleep 300');
    sendSignal(-listener.pid, 'SIGTERM');
    await nothingIsLeft(listener, 20_000);
  });
});

describe('SIGKILL to the listener', () => {
  test('SIGKILL while idle: nothing is left', async () => {
    const { listener } = await setUp();
    sendSignal(await listener.findRunner(), 'SIGKILL');
    await nothingIsLeft(listener);
  });

  test('SIGKILL while a command runs: the command is ended, and nothing is left', async () => {
    const { listener, startExec } = await setUp();
    const exec = await startExec('sleep 300 & (sleep 300 & sleep 300) & sleep 300');
    sendSignal(await listener.findRunner(), 'SIGKILL');
    expect(await withDeadline(exec.closed, 30_000, 'exec ends')).toMatchObject({ code: 255 });
    await nothingIsLeft(listener);
  });
});

// As when an ending process writes a file between the listing of the folder and its removal.
test.each(['SIGTERM', 'SIGKILL'] as const)(
  '%s, and the first removal of the folder fails: nothing is left',
  async (signal) => {
    const tools = await forTest(makeTemporaryFolder());
    const rm = `#!/bin/sh
case $1 in -rf) [ -e "$0.failed" ] || { : >"$0.failed"; exit 1; } ;; esac
exec /bin/rm "$@"
`;
    await writeFile(join(tools.path, 'rm'), rm, { mode: 0o755 });
    const PATH = [tools.path, process.env['PATH']].join(delimiter);
    const remote = await forTest(startRemote(relay, { PATH }));
    sendSignal(await remote.listener.findRunner(), signal);
    await nothingIsLeft(remote.listener);
    await access(join(tools.path, 'rm.failed'));
  },
);

describe('the end of the session', () => {
  test('the session ends while the listener is idle: the listener ends with 0, and nothing is left', async () => {
    const { listener, run } = await setUp();
    await run(['end']);
    expect(await withDeadline(listener.exited, 10_000, 'the listener ends')).toEqual({
      code: 0,
      signal: null,
    });
    expect(listener.output()).toMatch(/remotify: session ended\n$/);
    await nothingIsLeft(listener);
  });

  test('the session ends while a command runs: the command is stopped, and the listener ends', {
    timeout: 60_000,
  }, async () => {
    const { listener, run, startExec } = await setUp();
    const exec = await startExec('sleep 300 & sleep 300');
    await run(['end']);
    expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 255 });
    await withDeadline(listener.exited, 30_000, 'the listener ends');
    await nothingIsLeft(listener);
  });

  test.skipIf(!hasTmux)('the session ends during a question: the listener ends with 0', async () => {
    const remote = await forTest(startSupervised(relay));
    await remote.run(['exec', '-d', 'true']);
    await remote.terminal.waitForText('run it? [', 15_000);
    await remote.run(['end']);
    await remote.terminal.waitForText('session ended', 20_000);
    await remote.terminal.waitForText(endedWell, 10_000);
    expect(await remote.terminal.screen()).not.toContain('y\n<<<');
  });
});

describe.skipIf(!hasTmux)('the end of the terminal', () => {
  // The case of a running command, whose process group outlives the terminal, is tested below and in test/stopping.
  test.each(['idle', 'asking'])(
    'the terminal closes while the listener is %s: the listener ends, and nothing is left',
    async (when) => {
      const remote = await forTest(startSupervised(relay));
      await waitForState(remote, 'the listener is attached', (state) => state.listener?.attached === true);
      if (when !== 'idle') {
        await remote.run(['exec', '-d', 'sleep 300 & sleep 300']);
        await remote.terminal.waitForText('run it? [', 15_000);
      }
      await remote.terminal.hangUp();
      await nothingIsLeft(remote, 20_000);
      await waitForState(remote, 'the listener is gone', (state) => state.listener?.attached === false);
    },
  );

  // Only the command's process group gets the SIGHUP: the listener must notice by itself that the terminal is closed.
  test('the terminal closes while a command runs: the command ends, then the listener, and nothing is left', async () => {
    const remote = await forTest(startSupervised(relay));
    await remote.run(['exec', '-d', 'exec sleep 300']);
    await remote.terminal.waitForText('run it? [', 15_000);
    await remote.terminal.type('y\n');
    await waitForState(remote, 'the command runs', ({ commands }) => commands[0]?.state === 'running');
    await remote.terminal.hangUp();
    await waitForState(remote, 'the command is over', ({ commands }) => commands[0]?.state !== 'running');
    await nothingIsLeft(remote, 20_000);
    await waitForState(remote, 'the listener is gone', (state) => state.listener?.attached === false);
  });
});
