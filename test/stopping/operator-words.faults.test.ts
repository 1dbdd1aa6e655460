import { describe, expect, test } from 'vitest';
import { hasTmux } from '../harness/tmux.ts';
import { codeOf, expectServing, openOperator } from './operator.ts';
import { oddSleep, startWatched } from './watched-command.ts';
import { done } from '../harness/prompts.ts';
import { useRelay } from '../harness/use-relay.ts';

// What the operator reads when a command that has the terminal is stopped.

const relay = useRelay();

async function startApproved(tree: string, args: string[] = []) {
  const operator = await openOperator(relay);
  const starting = startWatched(operator, tree, { args, witness: [] });
  await operator.waitForQuestion();
  await operator.terminal.type('y\n');
  return { operator, watched: await starting };
}

/** What bash itself prints about a killed process, and its other errors. */
const bashText = /Killed|Terminated|line \d+|lead_command|No such file/;

describe.skipIf(!hasTmux)('with tmux as the terminal', () => {
  test.each(['INT', 'TERM', 'KILL'])(
    'the client cancels by %s: the operator reads one line that names the client and the signal',
    async (signal) => {
      const ignore = signal === 'KILL' ? `trap '' INT TERM; ` : '';
      const { operator, watched } = await startApproved(`${ignore}sleep ${oddSleep()}; :`);
      await operator.run(['cancel', '--signal', signal]);
      expect(await codeOf(watched.exec, 'exec ends')).toBe({ INT: 130, TERM: 143, KILL: 137 }[signal]);
      const screen = await operator.terminal.waitForText(done, 10_000);
      expect(screen).toContain(`(the client stopped it: SIG${signal})`);
      expect(screen).not.toMatch(bashText);
      expect(screen).not.toContain('press Ctrl-C again');
      await expectServing(operator, 2);
    },
  );

  test('Ctrl-C at exec: the operator reads that the client stopped it', async () => {
    const { operator, watched } = await startApproved(`sleep ${oddSleep()}; :`);
    watched.exec.child.kill('SIGINT');
    expect(await codeOf(watched.exec, 'exec ends')).toBe(130);
    const screen = await operator.terminal.waitForText(done, 10_000);
    expect(screen).toContain('(the client stopped it: SIGINT)');
    expect(screen).not.toContain('press Ctrl-C again');
    await expectServing(operator, 2);
  });

  test('cancel --signal INT of a command that ignores it: the operator reads that the client stopped it by KILL', async () => {
    const { operator, watched } = await startApproved(`trap '' INT; sleep ${oddSleep()}; :`);
    await operator.run(['cancel', '--signal', 'INT']);
    expect(await codeOf(watched.exec, 'exec ends')).toBe(137);
    const screen = await operator.terminal.waitForText(done, 10_000);
    expect(screen).toContain('(the client stopped it: SIGKILL)');
    expect(screen).not.toMatch(bashText);
    await expectServing(operator, 2);
  });

  // It runs for 14 s: long after the INT, its end is not due to it.
  test('the client sends INT, and the command survives it: the operator does not read that the client stopped it', async () => {
    const { operator, watched } = await startApproved(
      `trap 'echo survived' INT; for i in {1..140}; do sleep 0.1; done; exit 3`,
    );
    watched.exec.child.kill('SIGINT');
    await operator.terminal.waitForText('< survived', 10_000);
    watched.exec.child.kill('SIGINT');
    expect(await codeOf(watched.exec, 'exec ends')).toBe(130);
    const screen = await operator.terminal.waitForText(done, 30_000);
    expect(screen).toContain('exit status 3');
    expect(screen).not.toContain('the client stopped it');
    await expectServing(operator, 2);
  });

  test('the client sends INT, and the command survives it: Ctrl-C at the terminal counts from its first press on', async () => {
    const { operator, watched } = await startApproved(
      `trap 'echo survived' INT; for i in {1..300}; do sleep 0.1; done`,
      ['--raw'],
    );
    watched.exec.child.kill('SIGINT');
    await operator.terminal.waitForText('< survived', 10_000);
    watched.exec.child.kill('SIGINT');
    expect(await codeOf(watched.exec, 'exec ends')).toBe(130);
    await operator.terminal.type('\x03');
    const screen = await operator.terminal.waitForText('press Ctrl-C again', 10_000);
    expect(screen).not.toContain('quitting');
    await operator.terminal.type('\x03');
    await operator.terminal.waitForText('interrupted again: quitting', 10_000);
  });

  test('Ctrl-C at the terminal: the operator does not read that the client stopped it', async () => {
    const { operator, watched } = await startApproved(`sleep ${oddSleep()}; :`);
    await operator.terminal.type('\x03');
    expect(await codeOf(watched.exec, 'exec ends')).toBe(130);
    const screen = await operator.terminal.waitForText(done, 10_000);
    expect(screen).toContain('(interrupted; press Ctrl-C again to quit the listener)');
    expect(screen).not.toContain('the client stopped it');
    await expectServing(operator, 2);
  });

  test('a command times out: the operator reads the time limit', async () => {
    const { operator, watched } = await startApproved(`sleep ${oddSleep()}; :`, ['--timeout', '1s']);
    expect(await codeOf(watched.exec, 'exec ends')).toBe(124);
    const screen = await operator.terminal.waitForText(done, 10_000);
    expect(screen).toContain('(timed out after 1 s)');
    expect(screen).not.toMatch(bashText);
  });
});
