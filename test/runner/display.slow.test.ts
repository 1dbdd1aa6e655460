import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventually, untilPassed } from '../harness/deadline.ts';
import { hasTmux } from '../harness/tmux.ts';
import { ended, takeSeat } from './operator-seat.ts';
import { useRelay } from '../harness/use-relay.ts';
import { done } from '../harness/prompts.ts';

// The display of a command in a real terminal: terminal size, terminal state, escaped characters, the bell.

const relay = useRelay();

const lines = (count: number) => Array.from({ length: count }, (_, at) => `: line ${at + 1}`).join('\n');

describe.skipIf(!hasTmux)('with tmux as the terminal', () => {
  test('a terminal of 30 columns and 8 rows: the command begins above the question, with the number of hidden bytes', async () => {
    const { terminal, startExec, ran, trace } = await takeSeat(relay);
    await terminal.resize(30, 8);
    const exec = startExec('-i', `${lines(41)}\ntouch '${trace}'`);
    const screen = await terminal.waitForText('run? [y/n/a/v/q]', 20_000);
    expect(screen).toContain('>>> : line 1\n');
    expect(screen).toMatch(/\n\(\d+ bytes NOT SHOWN\)\n\(from .+\.\.\.\)\n\(stdin not shown\)\nrun\?/);
    await terminal.type('n\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
    expect(await ran()).toBe(false);
  });

  test('a terminal of 2 rows: the command is declined with the reason', async () => {
    const { terminal, startExec, ran, trace } = await takeSeat(relay);
    await terminal.resize(60, 2);
    const exec = startExec(`touch '${trace}'`);
    expect(await ended(exec)).toMatchObject({ code: 126 });
    expect(exec.stderr()).toContain('too small to show a command: 60 columns, 2 rows');
    expect(await ran()).toBe(false);
  });

  test('the terminal shrinks after the display: y does not run the command, it is displayed and asked for again', async () => {
    const { terminal, startExec, waitForPrompt, ran, trace } = await takeSeat(relay);
    const exec = startExec(`${lines(20)}\ntouch '${trace}'`);
    await waitForPrompt();
    await terminal.resize(120, 12);
    await terminal.type('y\n');
    await terminal.waitForText('NOT SHOWN', 10_000);
    const screen = await waitForPrompt(2);
    expect(screen).toContain('>>> : line 1\n');
    expect(await ran()).toBe(false);
    await terminal.type('y\n');
    expect(await ended(exec)).toMatchObject({ code: 0 });
    expect(await ran()).toBe(true);
  });

  test.each([
    ['the alternate screen', String.raw`\033[?1049h\033[2J`],
    ['a scroll region of two rows', String.raw`\033[1;2r`],
    ['invisible text in a hidden corner', String.raw`\033[8m\033[?25l\033[?6h`],
    ['a title without an end', String.raw`\033]0;`],
    ['line drawing', String.raw`\033(0`],
  ])('an earlier command left %s: the next command is displayed completely', async (_name, state) => {
    const { terminal, startExec, waitForPrompt } = await takeSeat(relay);
    const first = startExec(`printf '${state}' >/dev/tty`);
    await waitForPrompt();
    await terminal.type('y\n');
    expect(await ended(first)).toMatchObject({ code: 0 });
    const next = startExec(lines(20));
    const screen = await eventually('the question about c2', 20_000, async () => {
      const now = await terminal.screen();
      return /\(end of c2: 20 rows[^]*run it\? \[/.test(now) && now;
    });
    for (const row of lines(20).split('\n')) expect(screen).toContain(` ${row}\n`);
    await terminal.type('n\n');
    expect(await ended(next)).toMatchObject({ code: 126 });
  });

  test('the command file changes while the question is open: y does not run it', async () => {
    const { terminal, startExec, waitForPrompt, temporaryFolder, ran, trace } = await takeSeat(relay);
    const exec = startExec('echo harmless');
    await waitForPrompt();
    const work = (await readdir(temporaryFolder)).find((name) => name.startsWith('remotify.')) ?? '';
    const file = join(temporaryFolder, work, 'command');
    expect(await readFile(file, 'utf8')).toBe('echo harmless');
    await writeFile(file, `touch '${trace}'`);
    await terminal.type('y\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
    expect(exec.stderr()).toContain('the command file changed after it was displayed');
    expect(await ran()).toBe(false);
  });

  test('LANG=C.UTF-8: letters are shown; invisible characters and lookalikes are escaped', async () => {
    const { terminal, startExec, waitForPrompt } = await takeSeat(relay, { LANG: 'C.UTF-8' });
    const exec = startExec('echo héllo 日本語 p\u0430ypal \u202egnp');
    expect(await waitForPrompt()).toContain('>>> echo héllo 日本語 pM-PM-0ypal M-bM-^@M-.gnp\n');
    await terminal.type('n\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
  });

  test('LC_ALL=C: every non-ASCII byte is escaped', async () => {
    const { terminal, startExec, waitForPrompt } = await takeSeat(relay, { LC_ALL: 'C' });
    const exec = startExec('echo hé');
    expect(await waitForPrompt()).toContain('>>> echo hM-CM-)\n');
    await terminal.type('n\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
  });

  test.each([
    ['no setting', {}, 1],
    ['REMOTIFY_BELL=0', { REMOTIFY_BELL: '0' }, 0],
  ])('%s: the number of bells per question', async (_name, env, bells) => {
    const { terminal, startExec, waitForPrompt, configDir } = await takeSeat(relay, env);
    const record = join(configDir, 'record');
    await terminal.recordTo(record);
    const exec = startExec('echo ran');
    await waitForPrompt();
    await terminal.type('y\n');
    expect(await ended(exec)).toMatchObject({ code: 0 });
    const bytes = await eventually('the record has the end', 10_000, async () => {
      const text = await readFile(record, 'latin1');
      return text.includes(done) && text;
    });
    expect(bytes.split('\u0007').length - 1).toBe(bells);
  });

  test('an answer typed over several seconds: the complete line is the reason', async () => {
    const { terminal, startExec, waitForPrompt } = await takeSeat(relay);
    const exec = startExec('echo never');
    await waitForPrompt();
    await terminal.type('n not on');
    // The runner checks each second whether the command was cancelled.
    await untilPassed('the line is open', 2_500);
    await terminal.type(' a friday\n');
    expect(await ended(exec)).toMatchObject({ code: 126 });
    expect(exec.stderr()).toContain('the operator declined: not on a friday');
  });
});
