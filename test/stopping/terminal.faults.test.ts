import { readdir } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, untilPassed } from '../harness/deadline.ts';
import { waitForState } from '../harness/remote.ts';
import { hasTmux } from '../harness/tmux.ts';
import { codeOf, expectServing, isGone, openOperator } from './operator.ts';
import { oddSleep, readCommand, startWatched } from './watched-command.ts';
import { ended, endedWell, notRun } from '../harness/prompts.ts';
import { useRelay } from '../harness/use-relay.ts';

const interrupt = '\x03';
const endOfFile = '\x04';

const relay = useRelay();

describe.skipIf(!hasTmux)('with tmux as the terminal', () => {
  const readPassword = `read -r -s -p 'password: ' x </dev/tty; echo "got \${#x}"`;

  test('supervised: a program can prompt on the terminal', async () => {
    const { start, terminal, waitForQuestion } = await openOperator(relay);
    const exec = start(['exec', readPassword]);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    await waitForQuestion();
    await terminal.type('y\n');
    await eventually('the program prompts', 10_000, () => exec.stderr().includes('password: '));
    await terminal.type('hunter2\n');
    expect(await codeOf(exec, 'the program has its answer')).toBe(0);
    expect(exec.stdout().toString()).toBe('got 7\n');
    expect(await terminal.screen()).not.toContain('hunter2');
  });

  test('auto: a program that prompts on /dev/tty gets an error at once', async () => {
    const { start } = await openOperator(relay, 'auto');
    const exec = start(['exec', readPassword]);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    expect(await codeOf(exec, 'it fails at once', 5_000)).toBe(0);
    expect(exec.stdout().toString()).toBe('got 0\n');
    expect(exec.stderr()).toContain('/dev/tty');
  });

  test.each(['supervised', 'auto'] as const)(
    '%s, Ctrl-C during a command: the command stops, the listener stays',
    async (mode) => {
      const operator = await openOperator(relay, mode);
      const { terminal } = operator;
      const starting = startWatched(operator, `sleep ${oddSleep()}; :`);
      if (mode === 'supervised') {
        await operator.waitForQuestion();
        await terminal.type('y\n');
      }
      const watched = await starting;
      await terminal.type(interrupt);
      expect(await codeOf(watched.exec, 'exec ends')).toBe(130);
      expect(await watched.signals()).toBe('INT\n');
      expect(await watched.alive()).toEqual([]);
      if (mode === 'supervised') return expectServing(operator, 2);
      const { text } = await operator.run(['exec', 'echo still here']);
      return expect(text).toBe('still here\n');
    },
  );

  test.each(['supervised', 'auto'] as const)(
    '%s, Ctrl-C twice during a command that ignores it: the command and the listener end, and the relay knows both',
    async (mode) => {
      const operator = await openOperator(relay, mode);
      const { terminal } = operator;
      const exec = operator.start(['exec', "trap 'echo no' INT; echo ready; while :; do sleep 0.1; done"]);
      onTestFinished(() => void exec.child.kill('SIGKILL'));
      if (mode === 'supervised') {
        await operator.waitForQuestion();
        await terminal.type('y\n');
      }
      await eventually('the command runs', 15_000, () => exec.stdout().toString() === 'ready\n');
      await terminal.type(interrupt);
      await eventually('the command got SIGINT', 10_000, () => exec.stdout().toString() === 'ready\nno\n');
      await terminal.type(interrupt);
      expect(await codeOf(exec, 'exec ends', 30_000)).toBe(143);
      expect(exec.stdout().toString()).toBe('ready\nno\nno\n');
      await terminal.waitForText(endedWell, 10_000);
      await waitForState(operator, 'the relay knows', isGone, 3_000);
      expect(await readdir(operator.temporaryFolder)).toEqual([]);
    },
  );

  test.each(['supervised', 'auto'] as const)(
    '%s, Ctrl-C at an idle listener: it ends, the relay knows at once, no file is left',
    async (mode) => {
      const operator = await openOperator(relay, mode);
      await operator.terminal.type(interrupt);
      await operator.terminal.waitForText(ended, 5_000);
      await waitForState(operator, 'the relay knows', isGone, 3_000);
      expect((await operator.run(['status'])).text).toMatch(/^listener +disconnected, /m);
      expect(await readdir(operator.temporaryFolder)).toEqual([]);
    },
  );

  test('Ctrl-C at the prompt: that command is declined; the listener stays and prompts for the next', async () => {
    const operator = await openOperator(relay);
    const exec = operator.push();
    await operator.waitForQuestion();
    await operator.terminal.type(interrupt);
    expect(await codeOf(exec, 'exec ends')).toBe(126);
    expect(exec.stderr()).toContain('declined');
    expect(await operator.ledger()).toBe('');
    await expectServing(operator, 2);
    expect(await operator.ledger()).toBe('ran\n');
  });

  test('Ctrl-D at the prompt: the command is declined, and the listener ends', async () => {
    const operator = await openOperator(relay);
    const exec = operator.push();
    await operator.waitForQuestion();
    await operator.terminal.type(endOfFile);
    expect(await codeOf(exec, 'exec ends', 5_000)).toBe(126);
    await operator.terminal.waitForText(ended, 5_000);
    await waitForState(operator, 'the relay knows', isGone, 3_000);
    expect(await operator.ledger()).toBe('');
    expect(await readdir(operator.temporaryFolder)).toEqual([]);
  });

  test('Ctrl-D at a prompt that has been open for a while: the command is declined', async () => {
    const operator = await openOperator(relay);
    const exec = operator.push();
    await operator.waitForQuestion();
    // The listener reads with a timeout of two seconds, and must not take the end of input for a timeout.
    await untilPassed('the prompt is older than a second', 1_300);
    await operator.terminal.type(endOfFile);
    expect(await codeOf(exec, 'exec ends', 5_000)).toBe(126);
    expect(await operator.ledger()).toBe('');
  });

  test('cancelled while the prompt is open: a y right after it does not start the command', async () => {
    const operator = await openOperator(relay);
    const exec = operator.push();
    await operator.waitForQuestion();
    expect((await operator.run(['cancel'])).text).toBe('c1 cancelled\n');
    await operator.terminal.type('y\n');
    expect(await codeOf(exec, 'exec ends')).toBe(255);
    await operator.terminal.waitForText(notRun, 10_000);
    expect(await operator.ledger()).toBe('');
    expect(await readCommand(operator, 'c1')).toMatchObject({ state: 'cancelled', exit_status: null });
    await expectServing(operator, 2);
  });

  test('cancelled while the prompt is open: the prompt is withdrawn, and a late y approves nothing', async () => {
    const operator = await openOperator(relay);
    operator.push();
    await operator.waitForQuestion();
    expect((await operator.run(['cancel'])).text).toBe('c1 cancelled\n');
    await operator.terminal.waitForText(notRun, 10_000);
    // The y stays in the input of the terminal until the next question, and must not answer it.
    await operator.terminal.type('y\n');
    const next = operator.push();
    await operator.waitForQuestion(2);
    await operator.terminal.type('n\n');
    expect(await codeOf(next, 'the next is declined')).toBe(126);
    expect(await operator.ledger()).toBe('');
  });

  test('expired while the prompt is open: a y does not start the command', async () => {
    const operator = await openOperator(relay);
    const exec = operator.push('--wait', '3s');
    await operator.waitForQuestion();
    expect(await codeOf(exec, 'exec gives up')).toBe(255);
    expect(exec.stderr()).toContain('the operator did not answer within 3');
    await operator.terminal.type('y\n');
    await operator.terminal.waitForText(notRun, 10_000);
    expect(await operator.ledger()).toBe('');
    expect(await readCommand(operator, 'c1')).toMatchObject({ state: 'expired', exit_status: null });
    await expectServing(operator, 2);
  });
});
