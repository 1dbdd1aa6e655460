import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { sendSignal } from '../harness/process-session.ts';
import { hasTmux } from '../harness/tmux.ts';
import { codeOf, expectServing, type Operator, openOperator } from './operator.ts';
import { oddSleep, startWatched, type Watched } from './watched-command.ts';
import { useRelay } from '../harness/use-relay.ts';

const suspend = '\x1a';

const relay = useRelay();

/** A command that the operator approved, once it runs in the terminal's foreground. */
async function startApproved(
  operator: Operator,
  tree: string,
  options: Parameters<typeof startWatched>[2] = {},
): Promise<Watched> {
  const starting = startWatched(operator, tree, options);
  await operator.waitForQuestion();
  await operator.terminal.type('y\n');
  const watched = await starting;
  onTestFinished(() => sendSignal(-watched.group, 'SIGKILL'));
  return watched;
}

async function isAllGone({ alive }: Watched): Promise<void> {
  // TERM, KILL after ten seconds, and a margin for the check.
  await eventually('nothing of its group is alive', 15_000, async () => (await alive()).length === 0);
}

describe.skipIf(!hasTmux)('with tmux as the terminal', () => {
  test.each([
    ['a sleep beside a sleep', `sleep ${oddSleep()} & sleep ${oddSleep()}; :`, 143],
    ['nested shells', `bash -c 'bash -c "sleep 300 & sleep ${oddSleep()}"; :'; :`, 143],
    ['a pipeline', `sleep ${oddSleep()} | sleep ${oddSleep()}; :`, 143],
    ['a program that ignores TERM', `trap '' TERM; sleep ${oddSleep()} & sleep ${oddSleep()}; :`, 137],
  ])('cancel stops %s in the foreground of the terminal', async (_name, tree, status) => {
    const operator = await openOperator(relay);
    const watched = await startApproved(operator, tree, { witness: status === 143 ? ['TERM'] : [] });
    const cancelled = operator.run(['cancel']);
    await isAllGone(watched);
    expect((await cancelled).text).toBe('c1 stopped\n');
    expect(await watched.signals()).toBe(status === 143 ? 'TERM\n' : '');
    expect(await codeOf(watched.exec, 'exec ends')).toBe(status);
    await expectServing(operator, 2);
  });

  test('--timeout stops a command in the foreground of the terminal', async () => {
    const operator = await openOperator(relay);
    const watched = await startApproved(operator, `sleep ${oddSleep()} & sleep ${oddSleep()}; :`, {
      args: ['--timeout', '1s'],
    });
    await isAllGone(watched);
    expect(await codeOf(watched.exec, 'exec ends')).toBe(124);
    await expectServing(operator, 2);
  });

  test('Ctrl-C at exec stops a command in the foreground of the terminal', async () => {
    const operator = await openOperator(relay);
    const watched = await startApproved(operator, `sleep ${oddSleep()} | sleep ${oddSleep()}; :`);
    watched.exec.child.kill('SIGINT');
    await isAllGone(watched);
    expect(await codeOf(watched.exec, 'exec ends')).toBe(130);
    await expectServing(operator, 2);
  });

  test.each(['TERM', 'KILL'])(
    'a program that set the terminal to raw mode is stopped by %s: the terminal works again',
    async (signal) => {
      const operator = await openOperator(relay);
      const { terminal } = operator;
      const tree = `stty raw -echo </dev/tty; sleep ${oddSleep()}; :`;
      const watched = await startApproved(operator, tree, { witness: [] });
      expect((await operator.run(['cancel', '--signal', signal])).text).toBe('c1 stopped\n');
      await isAllGone(watched);
      const next = operator.push();
      await operator.waitForQuestion(2);
      await terminal.type('y');
      await eventually('the terminal echoes what is typed', 5_000, async () => {
        return (
          (await terminal.transcript()).split('run it? [y/N, n REASON, a: always, v: view, q: quit] y')
            .length -
            1 ===
          2
        );
      });
      await terminal.type('\n');
      expect(await codeOf(next, 'the next command ends', 5_000)).toBe(0);
    },
  );

  test('Ctrl-Z during a command: it does not end, and cancel still stops it', async () => {
    const operator = await openOperator(relay);
    const watched = await startApproved(operator, `sleep ${oddSleep()}; :`);
    await operator.terminal.type(suspend);
    expect((await operator.run(['cancel'])).text).toBe('c1 stopped\n');
    await isAllGone(watched);
    expect(await codeOf(watched.exec, 'exec ends')).toBe(143);
    await expectServing(operator, 2);
  });
});
