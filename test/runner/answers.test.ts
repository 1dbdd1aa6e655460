import { readdir } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { waitForState } from '../harness/remote.ts';
import { hasTmux, type Terminal } from '../harness/tmux.ts';
import { ended, takeSeat } from './operator-seat.ts';

// What an operator may answer beside yes and no.

let relay: Relay;
beforeAll(async () => {
  relay = await startRelay();
  return relay.stop;
});

const setUp = () => takeSeat(relay);

const numbers = (count: number) => Array.from({ length: count }, (_, at) => `: line ${at + 1}`);

// Behind the notice that `v` ends with; what is typed before the question stands there is thrown away.
const askedAgain = (terminal: Terminal, notice: string) =>
  terminal.waitForText(`${notice})\nrun it? [`, 10_000);

describe.skipIf(!hasTmux)('with tmux as the terminal', () => {
  test('a: the same bytes run without a question from then on, and nothing else does', async () => {
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

  test('v: a script that is longer than the screen is shown page by page, and then asked for again', async () => {
    const { terminal, startExec, waitForPrompt, ran } = await setUp();
    const exec = startExec(numbers(80).join('\n'));
    const brief = await waitForPrompt();
    // A screen of 40 rows: all that is shown stands on it together with the question.
    expect(brief).toContain('>>> : line 1\n');
    expect(brief).toMatch(/\n {4}\(\d+ of \d+ bytes NOT SHOWN; v shows all\)\n/);
    expect(brief).not.toContain(': line 80');
    await terminal.type('v\n');
    await terminal.waitForText('-- Enter: next page, q: stop --', 10_000);
    await terminal.type('\n');
    await terminal.waitForText(': line 60\n', 10_000);
    await terminal.type('\n');
    const last = await askedAgain(terminal, ' bytes');
    expect(last).toMatch(/ {2}\| : line 80\n {4}\(end of c1: 80 rows, \d+ bytes\)\n/);
    await terminal.type('n\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
    expect(await ran()).toBe(false);
  });

  test('v, and enough of it: the question comes again, and says what was not shown', async () => {
    const { terminal, startExec, waitForPrompt } = await setUp();
    const exec = startExec(numbers(200).join('\n'));
    await waitForPrompt();
    await terminal.type('v\n');
    await terminal.waitForText('-- Enter: next page, q: stop --', 10_000);
    await terminal.type('q\n');
    expect(await askedAgain(terminal, 'v shows all')).toMatch(
      /stop -- q\n {4}\(\d+ of \d+ bytes NOT SHOWN; v shows all\)\n/,
    );
    await terminal.type('y\n');
    expect(await ended(exec)).toMatchObject({ code: 0 });
  });

  test('q: declines, and the listener ends, says so and leaves nothing', async () => {
    const remote = await setUp();
    const exec = remote.startExec('echo never');
    await remote.waitForPrompt();
    await remote.terminal.type('q\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
    expect(exec.stderr()).toContain('the operator declined: the listener was ended');
    await remote.terminal.waitForText('[the command ended with 0]', 10_000);
    await waitForState(remote, 'the relay knows', ({ listener }) => listener?.attached === false, 5_000);
    expect(await readdir(remote.temporaryFolder)).toEqual([]);
  });

  test.each([
    ['a report of where the cursor is', '\u001b[24;80R'],
    ['a title', '\u001b]ly\u001b\\'],
    ['a backspace', 'n\u0008'],
  ])('%s before a y is no yes', async (_name, report) => {
    const { terminal, startExec, waitForPrompt, trace, ran } = await setUp();
    const exec = startExec(`touch '${trace}'`);
    await waitForPrompt();
    // Ctrl-V: the next one is taken as it is, whatever the terminal does with it.
    await terminal.type(report.replaceAll(/[^\x20-\x7e]/g, '\u0016$&'));
    await terminal.type('y\n');
    await waitForPrompt(2);
    expect(await terminal.screen()).toContain('(invalid input, try again)');
    expect(await ran()).toBe(false);
    await terminal.type('n\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
    expect(await ran()).toBe(false);
  });

  test('exec -i: the screen shows who asks, unverified, and that stdin is not shown', async () => {
    const { terminal, startExec, waitForPrompt } = await setUp();
    const exec = startExec('-i', 'cat');
    const screen = await waitForPrompt();
    expect(screen).toMatch(/\n {4}\(from \S+@\S+,remotify\/\S+, unverified\)\n/);
    expect(screen).toContain('    (stdin comes from the client and is not shown)\n');
    await terminal.type('n\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
  });
});
