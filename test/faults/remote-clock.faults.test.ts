import { describe, expect, onTestFinished, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { hasFakeClock, makeFakeClock } from '../harness/fake-clock.ts';
import { makeGate } from '../harness/gate.ts';
import { startListener } from '../harness/listener.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// The clock of the remote changes while a command runs: the timeout of the command counts elapsed seconds.

const relay = useRelay();

async function setUp() {
  const client = await forTest(makeClient(relay));
  const gate = await forTest(makeGate(client.configDir));
  const clock = await makeFakeClock();
  const line = await client.makeSession('--auto');
  await forTest(startListener(line, clock.env));
  const startExec = async (...args: string[]) => {
    const exec = client.start(['exec', ...args]);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    await eventually('the command runs', 15_000, () => exec.stdout().toString().startsWith('begun\n'));
    return exec;
  };
  return { ...client, gate, clock, startExec };
}

describe.skipIf(!hasFakeClock)('with libfaketime', () => {
  test.each([
    ['ten minutes ahead', 600],
    ['a day ahead', 86_400],
    ['two minutes back', -120],
  ])('the clock is set %s: a command within its timeout is not stopped', async (_title, offset) => {
    const { clock, gate, startExec, run } = await setUp();
    const exec = await startExec(
      '-t',
      '300',
      `echo begun; date +%s; ${gate.wait}; sleep 2.5; date +%s; echo over`,
    );
    await clock.set(offset);
    // The command sleeps longer than the interval in which the listener checks its limits.
    await gate.open();
    expect(await withDeadline(exec.closed, 20_000, 'exec ends')).toMatchObject({ code: 0 });
    const [, before, after, last] = exec.stdout().toString().trim().split('\n');
    expect(last).toBe('over');
    const moved = Number(after) - Number(before);
    expect(Math.abs(moved - offset), 'the command sees the other clock').toBeLessThan(60);
    expect(await run(['exec', 'echo next'])).toMatchObject({ exitCode: 0, text: 'next\n' });
  });

  test.each([
    ['two minutes back', -120],
    ['a day back', -86_400],
    ['ten minutes ahead', 600],
  ])('the clock is set %s: a command over its timeout is stopped', async (_title, offset) => {
    const { clock, startExec } = await setUp();
    const exec = await startExec('-t', '3', 'echo begun; sleep 60');
    await clock.set(offset);
    expect(await withDeadline(exec.closed, 20_000, 'exec ends')).toMatchObject({ code: 124 });
  });
});
