import { spawnSync } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { sendSignal } from '../harness/process-session.ts';
import { startRemote } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// In auto mode the curl for the result is started while the command runs: it may end before it gets its request.

const relay = useRelay();

/** Bash 5.1 and later. */
const isStarted =
  spawnSync('bash', ['-c', '[ "$((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1]))" -ge 501 ]']).status === 0;

test.skipIf(!isStarted).each(['SIGKILL', 'SIGINT'] as const)(
  '%s ends the curl that waits for a result: this result and the next one are sent',
  async (signal) => {
    const remote = await forTest(startRemote(relay));
    const folder = await forTest(makeTemporaryFolder());
    const gate = await forTest(makeGate(folder.path));
    const exec = remote.start(['exec', `echo begun; ${gate.wait}; echo over; exit 3`]);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    const findCurl = async () =>
      (await remote.listener.processes()).find((one) => /^curl .*\/result\.body /.test(one.commandLine));
    const curl = await eventually('the curl waits', 15_000, findCurl);
    sendSignal(curl.pid, signal);
    await eventually('the curl has ended', 15_000, async () => (await findCurl()) === undefined);
    await gate.open();
    expect(await withDeadline(exec.closed, 20_000, 'exec ends')).toMatchObject({ code: 3 });
    expect(exec.stdout().toString()).toBe('begun\nover\n');
    expect(await remote.run(['exec', 'echo next'])).toMatchObject({ exitCode: 0, text: 'next\n' });
    expect(remote.listener.output()).not.toContain('cannot reach the relay');
  },
);
