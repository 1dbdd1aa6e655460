import { describe, expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { hasTmux } from '../harness/tmux.ts';
import { ended, takeSeat } from './operator-seat.ts';
import { useRelay } from '../harness/use-relay.ts';
import { done, morePages } from '../harness/prompts.ts';

// How the output of a command is shown on the operator's screen.

const relay = useRelay();

const setUp = async () => {
  const seat = await takeSeat(relay);
  const approve = async (command: string, nth = 1) => {
    const exec = seat.startExec(command);
    await seat.waitForPrompt(nth);
    await seat.terminal.type('y\n');
    return exec;
  };
  return { ...seat, approve };
};

describe.skipIf(!hasTmux)('with tmux as the terminal', () => {
  test('stdout and stderr are shown with different marks, escaped, including a last row without a newline', async () => {
    const { terminal, approve } = await setUp();
    const exec = await approve(String.raw`printf 'out\033[2J\nlast'; printf 'err\n' >&2; sleep 1`);
    expect(await ended(exec)).toMatchObject({ code: 0 });
    const screen = await terminal.waitForText(done, 10_000);
    expect(screen).toMatch(/\n {2}< out\^\[\[2J\n/);
    expect(screen).toMatch(/\n {2}! err\n/);
    expect(screen).toMatch(/\n {2}< last\n<<< done/);
    expect(screen).not.toContain('not shown');
  });

  test('a row of output is shown while the command still runs', async () => {
    const { terminal, approve, gate } = await setUp();
    const exec = await approve(`echo early; ${gate.wait}`);
    await terminal.waitForText('  < early\n', 10_000);
    expect(await terminal.screen()).not.toContain(done);
    await gate.open();
    expect(await ended(exec)).toMatchObject({ code: 0 });
  });

  test('200 rows of output: the first ten, the last five, the number of hidden bytes; o at the next question shows all', async () => {
    const { terminal, approve, startExec, waitForPrompt } = await setUp();
    expect(await ended(await approve('seq 1000 1199'))).toMatchObject({ code: 0 });
    const screen = await terminal.waitForText(done, 10_000);
    const shown = [...screen.matchAll(/\n {2}< (\d+)/g)].map((match) => Number(match[1]));
    expect(shown).toEqual([
      ...Array.from({ length: 10 }, (_, at) => 1000 + at),
      1195,
      1196,
      1197,
      1198,
      1199,
    ]);
    expect(screen).toContain('(925 bytes of output not shown; o at the next question shows them)');

    const next = startExec('echo next');
    expect(await waitForPrompt(2)).toContain(', o: last output, ');
    await terminal.type('o\n');
    await terminal.waitForText(morePages, 10_000);
    expect(await terminal.screen()).toContain('  < 1030\n');
    await terminal.type('q\n');
    // The command is displayed again: it had scrolled off the screen.
    const again = await waitForPrompt(3);
    expect(again).toContain('>>> echo next\n');
    await terminal.type('n\n');
    expect(await ended(next)).toMatchObject({ code: 126 });
  });

  test('40 MB of output: the command ends, and the last rows are shown', async () => {
    const { terminal, approve } = await setUp();
    const exec = await approve(
      'yes 0123456789012345678901234567890123456789 | head -c 40000000; echo; echo the end',
    );
    expect(await ended(exec)).toMatchObject({ code: 0 });
    const screen = await terminal.waitForText(done, 15_000);
    expect(screen).toContain('  < the end\n<<< done');
    expect(screen).toMatch(/\(399\d{5} bytes of output not shown; /);
  });

  test('zero bytes and invalid UTF-8 in output are escaped', async () => {
    const { terminal, approve } = await setUp();
    const exec = await approve(String.raw`printf 'a\0b\377c \303\251\n'`);
    expect(await ended(exec)).toMatchObject({ code: 0 });
    await eventually('the row', 10_000, async () => /  < a\^@bM-\^\?c /.test(await terminal.screen()));
  });
});
