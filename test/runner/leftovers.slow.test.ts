import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { untilPassed } from '../harness/deadline.ts';
import { hasTmux } from '../harness/tmux.ts';
import { ended, takeSeat } from './operator-seat.ts';
import { useRelay } from '../harness/use-relay.ts';
import { wordNeeded } from '../harness/prompts.ts';

// An approved command left a background process, which could type an answer on the terminal: y is not enough then.

const relay = useRelay();

const canResetSignals = spawnSync('env', ['--default-signal=TTOU', 'true']).status === 0;

const leaving = 'sleep 300 </dev/null >/dev/null 2>&1 & echo left';

/** Runs a first command that leaves a background process. */
async function setUp(answer = 'y', command = leaving) {
  const seat = await takeSeat(relay);
  const first = seat.startExec(command);
  await seat.waitForPrompt();
  await seat.terminal.type(`${answer}\n`);
  expect(await ended(first)).toMatchObject({ code: 0 });
  return seat;
}

const wordOf = (screen: string): string => {
  const word = /run it\? \[([a-z]{3}): yes, N(?![\s\S]*run it\?)/.exec(screen)?.[1];
  if (word === undefined) throw new Error(`no word in:\n${screen}`);
  return word;
};

describe.skipIf(!hasTmux)('with tmux as the terminal', () => {
  test('an earlier command left a process: y does not approve the next command, the word in the question does', async () => {
    const { terminal, startExec, waitForPrompt, ran, trace } = await setUp();
    const exec = startExec(`touch '${trace}'`);
    const screen = await waitForPrompt(2);
    expect(screen).toMatch(
      /\(c1 still has \d process(es)? on this terminal; type the word to approve, k stops them\)/,
    );
    expect(wordOf(screen)).toMatch(/^[^aeiounyvqk][aeiou][^aeiou]$/);
    await terminal.type('y\n');
    await terminal.waitForText(wordNeeded, 10_000);
    const again = await waitForPrompt(3);
    expect(await ran()).toBe(false);
    await terminal.type(`${wordOf(again)}\n`);
    expect(await ended(exec)).toMatchObject({ code: 0 });
    expect(await ran()).toBe(true);
  });

  test.each([
    ['a process', leaving],
    [
      'a process that ignores TERM',
      `bash -c 'trap "" TERM; sleep 300; :' </dev/null >/dev/null 2>&1 & echo left`,
    ],
  ])('%s is left, answer k: the process is stopped, and y approves', async (_name, command) => {
    const { terminal, startExec, waitForPrompt, ran, trace } = await setUp('y', command);
    const exec = startExec(`touch '${trace}'`);
    await waitForPrompt(2);
    await terminal.type('k\n');
    await terminal.waitForText('run it? [y/N, ', 10_000);
    expect(await waitForPrompt(3)).toContain('run it? [y/N, ');
    await terminal.type('y\n');
    expect(await ended(exec)).toMatchObject({ code: 0 });
    expect(await ran()).toBe(true);
  });

  test.skipIf(!canResetSignals)(
    'a left process prints on the terminal: its text does not appear after the question',
    async () => {
      // The test runner may ignore TTOU, the signal that stops the printing process.
      const loop = 'while :; do printf FAKE >/dev/tty; sleep 0.05; done';
      const painting = `env --default-signal=TTOU bash -c '${loop}' </dev/null >/dev/null 2>&1 & echo left`;
      const { terminal, startExec, waitForPrompt } = await setUp('y', painting);
      const exec = startExec('echo never');
      await waitForPrompt(2);
      await untilPassed('time in which the process would have printed', 500);
      expect(await terminal.screen()).toMatch(/run it\? \[[^\]]*\] *\n*$/);
      await terminal.type('n\n');
      expect(await ended(exec)).toMatchObject({ code: 126 });
    },
  );

  test('a command approved by "always" is asked for while a process of an earlier command is left', async () => {
    const { terminal, startExec, waitForPrompt } = await setUp('a');
    const exec = startExec(leaving);
    const screen = await waitForPrompt(2);
    expect(screen).not.toContain('auto-approved');
    await terminal.type('a\n');
    await terminal.waitForText(wordNeeded, 10_000);
    await terminal.type(`a ${wordOf(await waitForPrompt(3))}\n`);
    expect(await ended(exec)).toMatchObject({ code: 0 });
  });
});
