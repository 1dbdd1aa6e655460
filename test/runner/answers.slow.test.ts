import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { waitForState } from '../harness/remote.ts';
import { hasTmux, type Terminal } from '../harness/tmux.ts';
import { ended, takeSeat } from './operator-seat.ts';
import { useRelay } from '../harness/use-relay.ts';
import { endedWell, morePages } from '../harness/prompts.ts';

// The operator's answers other than yes and no: a, v, q; and input that is not an answer.

const relay = useRelay();

const setUp = () => takeSeat(relay);

const numbers = (count: number) => Array.from({ length: count }, (_, at) => `: line ${at + 1}`);

// Waits for the question after the notice that ends the output of `v`: the runner discards keys typed before the question.
const askedAgain = (terminal: Terminal, notice: string) =>
  terminal.waitForText(`${notice})\nrun it? [`, 10_000);

describe.skipIf(!hasTmux)('with tmux as the terminal', () => {
  test('answer a: the same command runs without a question from then on; a command that differs by one byte is asked for', async () => {
    const { terminal, startExec, waitForPrompt, run } = await setUp();
    const first = startExec('echo same');
    await waitForPrompt();
    await terminal.type('a\n');
    expect(await ended(first)).toMatchObject({ code: 0 });

    expect((await run(['exec', 'echo same'])).text).toBe('same\n');
    expect(await terminal.screen()).toContain('(auto-approved: you answered "always")');

    for (const [nth, args] of [['echo same '], ['echo  same'], ['-i', 'echo same']].entries()) {
      const other = startExec(...args);
      await waitForPrompt(2 + nth);
      await terminal.type('n\n');
      expect(await ended(other), args.join(' ')).toMatchObject({ code: 126 });
    }
  });

  test('answer v to a command longer than the screen: it is shown page by page, then the question is asked again', async () => {
    const { terminal, startExec, waitForPrompt, ran } = await setUp();
    const exec = startExec(numbers(80).join('\n'));
    const brief = await waitForPrompt();
    // The screen has 40 rows: the command's rows and the question fit on it together.
    expect(brief).toContain('>>> : line 1\n');
    expect(brief).toMatch(/\n {4}\(\d+ of \d+ bytes NOT SHOWN; v shows all\)\n/);
    expect(brief).not.toContain(': line 80');
    await terminal.type('v\n');
    await terminal.waitForText(morePages, 10_000);
    await terminal.type('\n');
    await terminal.waitForText(': line 60\n', 10_000);
    await terminal.type('\n');
    const last = await askedAgain(terminal, ' bytes');
    expect(last).toMatch(/ {2}\| : line 80\n {4}\(end of c1: 80 rows, \d+ bytes\)\n/);
    await terminal.type('n\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
    expect(await ran()).toBe(false);
  });

  test('answer v, then q at the first page: the question is asked again, with the number of hidden bytes', async () => {
    const { terminal, startExec, waitForPrompt } = await setUp();
    const exec = startExec(numbers(200).join('\n'));
    await waitForPrompt();
    await terminal.type('v\n');
    await terminal.waitForText(morePages, 10_000);
    await terminal.type('q\n');
    expect(await askedAgain(terminal, 'v shows all')).toMatch(
      /stop -- q\n {4}\(\d+ of \d+ bytes NOT SHOWN; v shows all\)\n/,
    );
    await terminal.type('y\n');
    expect(await ended(exec)).toMatchObject({ code: 0 });
  });

  test.each(['a bad idea', 'always ask first'])(
    'answer %j: unclear, so the question is asked again, and the command does not run',
    async (answer) => {
      const { terminal, startExec, waitForPrompt, ran, trace } = await setUp();
      const exec = startExec(`touch '${trace}'`);
      await waitForPrompt();
      await terminal.type(`${answer}\n`);
      await askedAgain(terminal, 'unclear: answer y, a, or n REASON');
      await terminal.type('n\n');
      expect(await ended(exec)).toMatchObject({ code: 126 });
      expect(await ran()).toBe(false);
    },
  );

  test.each(['?', 'h', 'help'])('answer %j: explains the answers, then asks again', async (answer) => {
    const { terminal, startExec, waitForPrompt } = await setUp();
    const exec = startExec('echo ran');
    await waitForPrompt();
    await terminal.type(`${answer}\n`);
    const screen = await waitForPrompt(2);
    expect(screen).toContain(
      '    y: run this command\n    Enter, n REASON: do not run it; the client gets the reason\n' +
        '    a: run it now, and without asking whenever it comes again\n    v: show all of it\n' +
        '    q: do not run it, and quit the listener\nrun it? [',
    );
    await terminal.type('y\n');
    expect(await ended(exec)).toMatchObject({ code: 0 });
  });

  test('answer q: the command is declined, the listener ends and leaves no file', async () => {
    const remote = await setUp();
    const exec = remote.startExec('echo never');
    await remote.waitForPrompt();
    await remote.terminal.type('q\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
    expect(exec.stderr()).toContain('the operator declined: the listener was ended');
    await remote.terminal.waitForText(endedWell, 10_000);
    await waitForState(
      remote,
      'the relay reports the listener as gone',
      ({ listener }) => listener?.attached === false,
      5_000,
    );
    expect(await readdir(remote.temporaryFolder)).toEqual([]);
  });

  test.each([
    ['a cursor position report', '\u001b[24;80R'],
    ['a window title report', '\u001b]ly\u001b\\'],
    ['a backspace', 'n\u0008'],
  ])('%s typed before y: the command does not run, the question is asked again', async (_name, report) => {
    const { terminal, startExec, waitForPrompt, trace, ran } = await setUp();
    const exec = startExec(`touch '${trace}'`);
    await waitForPrompt();
    // Ctrl-V: the terminal passes the next control character on unchanged.
    await terminal.type(report.replaceAll(/[^\x20-\x7e]/g, '\u0016$&'));
    await terminal.type('y\n');
    await waitForPrompt(2);
    expect(await terminal.screen()).toContain('(invalid input, try again)');
    expect(await ran()).toBe(false);
    await terminal.type('n\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
    expect(await ran()).toBe(false);
  });

  test('exec -i: the screen shows the sender as unverified, and a note that stdin is not shown', async () => {
    const { terminal, startExec, waitForPrompt } = await setUp();
    const exec = startExec('-i', 'cat');
    const screen = await waitForPrompt();
    expect(screen).toMatch(/\n {4}\(from \S+@\S+, remotify\/\S+, unverified\)\n/);
    expect(screen).toContain('    (stdin comes from the client and is not shown)\n');
    await terminal.type('n\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
  });
});
