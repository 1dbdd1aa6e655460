import { access, readdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import type { Listener } from '../harness/listener.ts';
import { sendSignal } from '../harness/process-session.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { startRemote, startSupervised, waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { hasTmux } from '../harness/tmux.ts';

// How a listener ends, and what it leaves: nothing.

let relay: Relay;
beforeAll(async () => {
  relay = await startRelay();
  return relay.stop;
});

async function setUp() {
  const remote = await startRemote(relay);
  onTestFinished(remote.stop);
  const startExec = async (command: string) => {
    const exec = remote.start(['exec', `echo ready; ${command}`]);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    await eventually('the command runs', 15_000, () => exec.stdout().toString() === 'ready\n');
    return exec;
  };
  return { ...remote, startExec };
}

/** No process, no file. */
const nothingIsLeft = (
  { processes, temporaryFolder }: Pick<Listener, 'processes' | 'temporaryFolder'>,
  deadlineMs = 15_000,
) =>
  eventually('nothing of the listener is left', deadlineMs, async () => {
    const left = [await processes(), await readdir(temporaryFolder)];
    if (left.flat().length > 0) throw new Error(JSON.stringify(left));
    return true;
  });

describe('TERM', () => {
  test('while idle: nothing is left, and the relay knows at once', async () => {
    const remote = await setUp();
    sendSignal(await remote.listener.findRunner(), 'SIGTERM');
    await withDeadline(remote.listener.exited, 10_000, 'the listener ends');
    await nothingIsLeft(remote.listener);
    await waitForState(remote, 'the relay knows it', (state) => state.listener?.attached === false);
    expect(relay.stderr()).not.toMatch(/error/);
  });

  // The shell would report a job that was killed.
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s while idle: the listener ends without a word',
    async (signal) => {
      const { listener } = await setUp();
      await eventually('it has said that it listens', 15_000, () => listener.output().endsWith('ends)\n'));
      sendSignal(await listener.findRunner(), signal);
      await withDeadline(listener.exited, 10_000, 'the listener ends');
      await nothingIsLeft(listener);
      expect(listener.output()).toMatch(/^remotify: listening as .*\n$/);
    },
  );

  test('while a command runs: it is told INT, its end is sent, and nothing is left', async () => {
    const { listener, startExec } = await setUp();
    const exec = await startExec('trap "echo bye; exit 3" INT; while :; do sleep 0.1; done');
    sendSignal(await listener.findRunner(), 'SIGTERM');
    expect(await withDeadline(exec.closed, 20_000, 'exec ends')).toMatchObject({ code: 3 });
    expect(exec.stdout().toString()).toBe('ready\nbye\n');
    await withDeadline(listener.exited, 10_000, 'the listener ends');
    await nothingIsLeft(listener);
  });

  test.skipIf(!isLong)(
    'SIGTERM while a command runs that ignores signals: it is killed, and the listener ends',
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

  test('of the whole group, as when a terminal or a service goes down', async () => {
    const { listener, startExec } = await setUp();
    await startExec('sleep 300 & (sleep 300 & sleep 300) & sleep 300');
    sendSignal(-listener.pid, 'SIGTERM');
    await nothingIsLeft(listener, 20_000);
  });
});

describe('KILL', () => {
  test('while idle: the next look finds nothing', async () => {
    const { listener } = await setUp();
    sendSignal(await listener.findRunner(), 'SIGKILL');
    await nothingIsLeft(listener);
  });

  test('while a command runs: nothing is left, the command included', async () => {
    const { listener, startExec } = await setUp();
    const exec = await startExec('sleep 300 & (sleep 300 & sleep 300) & sleep 300');
    sendSignal(await listener.findRunner(), 'SIGKILL');
    expect(await withDeadline(exec.closed, 30_000, 'exec learns it')).toMatchObject({ code: 255 });
    await nothingIsLeft(listener);
  });
});

// As when something that is ending writes a file between the listing of the folder and its removal.
test.each(['SIGTERM', 'SIGKILL'] as const)(
  '%s, and the folder cannot be removed at the first try: nothing is left',
  async (signal) => {
    const tools = await makeTemporaryFolder();
    onTestFinished(tools.remove);
    const rm = `#!/bin/sh
case $1 in -rf) [ -e "$0.failed" ] || { : >"$0.failed"; exit 1; } ;; esac
exec /bin/rm "$@"
`;
    await writeFile(join(tools.path, 'rm'), rm, { mode: 0o755 });
    const PATH = [tools.path, process.env['PATH']].join(delimiter);
    const remote = await startRemote(relay, { PATH });
    onTestFinished(remote.stop);
    sendSignal(await remote.listener.findRunner(), signal);
    await nothingIsLeft(remote.listener);
    await access(join(tools.path, 'rm.failed'));
  },
);

describe('the session ends', () => {
  test('while idle', async () => {
    const { listener, run } = await setUp();
    await run(['end']);
    expect(await withDeadline(listener.exited, 10_000, 'the listener ends')).toEqual({
      code: 0,
      signal: null,
    });
    expect(listener.output()).toMatch(/remotify: session ended\n$/);
    await nothingIsLeft(listener);
  });

  test('while a command runs: it is stopped, for nobody could do so any more', {
    timeout: 60_000,
  }, async () => {
    const { listener, run, startExec } = await setUp();
    const exec = await startExec('sleep 300 & sleep 300');
    await run(['end']);
    expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 255 });
    await withDeadline(listener.exited, 30_000, 'the listener ends');
    await nothingIsLeft(listener);
  });

  test.skipIf(!hasTmux)('while it asks', async () => {
    const remote = await startSupervised(relay);
    onTestFinished(remote.stop);
    await remote.run(['exec', '-d', 'true']);
    await remote.terminal.waitForText('run it? [', 15_000);
    await remote.run(['end']);
    await remote.terminal.waitForText('session ended', 20_000);
    await remote.terminal.waitForText('[the command ended with 0]', 10_000);
    expect(await remote.terminal.screen()).not.toContain('y\n<<<');
  });
});

describe.skipIf(!hasTmux)('the terminal is closed', () => {
  // While one runs, what it left in its group outlives the terminal: see the operator's side.
  test.each(['idle', 'asking'])('while %s: the listener ends, and nothing is left', async (when) => {
    const remote = await startSupervised(relay);
    onTestFinished(remote.stop);
    await waitForState(remote, 'the listener is attached', (state) => state.listener?.attached === true);
    if (when !== 'idle') {
      await remote.run(['exec', '-d', 'sleep 300 & sleep 300']);
      await remote.terminal.waitForText('run it? [', 15_000);
    }
    await remote.terminal.hangUp();
    await nothingIsLeft(remote, 20_000);
    await waitForState(remote, 'the relay knows it', (state) => state.listener?.attached === false);
  });

  // What is left is the listener itself: only the command's group hears of the hang-up, and nobody else looks.
  test('while a command runs: the listener ends with it, and a new terminal may take its place', async () => {
    const remote = await startSupervised(relay);
    onTestFinished(remote.stop);
    await remote.run(['exec', '-d', 'exec sleep 300']);
    await remote.terminal.waitForText('run it? [', 15_000);
    await remote.terminal.type('y\n');
    await waitForState(remote, 'it runs', ({ commands }) => commands[0]?.state === 'running');
    await remote.terminal.hangUp();
    await waitForState(remote, 'the command is over', ({ commands }) => commands[0]?.state !== 'running');
    await nothingIsLeft(remote, 20_000);
    await waitForState(remote, 'the relay knows it', (state) => state.listener?.attached === false);
  });
});
