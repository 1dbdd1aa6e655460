import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { withDeadline } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { seed } from '../harness/seed.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { compare, readScreen, type Shown } from './read-screen.ts';
import { anyCase, hostile, leftStates, type ScreenCase } from './screen-cases.ts';
import { forTest } from '../harness/for-test.ts';

// What the operator sees: the functions of the runner print a command and its question in a real pty, for many terminal sizes and for
// terminal states that an earlier command may have left.

const count = isLong ? 10_000 : 400;
const hasScript = spawnSync('script', ['--version']).status === 0;
const source = fileURLToPath(new URL('../../dist/runner.sh', import.meta.url));

const known: ScreenCase[] = [
  ...hostile.map((text) => ({ text, columns: 72, rows: 20, state: leftStates[0] })),
  ...leftStates.map((state) => ({ text: 'x\n'.repeat(9), columns: 40, rows: 12, state })),
].map(({ text, state, ...size }) => ({
  ...size,
  command: Buffer.from(`echo ${text} done`),
  stdin: false,
  label: 'ann@desk',
  state: state ?? { name: '', bytes: '', isUsed: false },
  leftovers: false,
  more: false,
}));

/** The runner with its main replaced by a loop that displays each command as before a run. */
async function renderDriver(): Promise<string> {
  const text = await readFile(source, 'utf8');
  const end = 'main "$@"\n}\n';
  expect(text.endsWith(end)).toBe(true);
  const driver = [
    'exec 15</dev/tty',
    "mode=supervised more_hint='; v shows all' id=c1234567890",
    'for work in "$1"/*; do',
    '  IFS=" " read -r size columns rows stdin terminal_used leftovers more_output from <"$work/case"',
    '  stty cols "$columns" rows "$rows" <&15',
    String.raw`  printf '%s\n' "$2"; cat "$work/state"`,
    "  leftover_ids='' leftover_pids=''; [ \"$leftovers\" = 0 ] || leftover_ids='c3 c1234567' leftover_pids='7 8 9'",
    '  hold_text; show_command brief; show_circumstances; put_question',
    String.raw`  printf '\n'`,
    'done',
  ];
  return `${text.slice(0, -end.length)}${driver.join('\n')}\n}\n`;
}

async function printAll(cases: readonly ScreenCase[]): Promise<Buffer[]> {
  const folder = await forTest(makeTemporaryFolder());
  const works = join(folder.path, 'works');
  for (const [at, one] of cases.entries()) {
    const work = join(works, String(at).padStart(6, '0'));
    const flags = [one.stdin, one.state.isUsed, one.leftovers, one.more].map(Number);
    await mkdir(work, { recursive: true });
    await writeFile(join(work, 'command'), one.command);
    await writeFile(join(work, 'state'), one.state.bytes);
    const words = [one.command.byteLength, one.columns, one.rows, ...flags, one.label];
    await writeFile(join(work, 'case'), `${words.join(' ')}\n`);
  }
  await writeFile(join(folder.path, 'driver.sh'), await renderDriver());
  const mark = randomUUID();
  const words = ['bash', join(folder.path, 'driver.sh'), works, mark];
  const run = spawnCaptured('script', ['-qec', words.map((word) => `'${word}'`).join(' '), '/dev/null'], {
    env: cleanEnvironment(folder.path, { TERM: 'xterm-256color' }),
  });
  const { code } = await withDeadline(run.closed, 900_000, 'all cases are printed');
  expect([code, run.stderr()]).toEqual([0, '']);
  const text = run.stdout().toString('latin1').split(`${mark}\r\n`).slice(1);
  return text.map((bytes) => Buffer.from(bytes, 'latin1'));
}

/** The rows that the runner printed, after the left state and the reset of the terminal. */
function ownRows(printed: Buffer, { state }: ScreenCase): string[] {
  const start = state.isUsed ? '\u001b[999;1H\r\n\u001b[K' : `${state.bytes}\r\u001b[K`;
  const text = printed.toString('utf8');
  expect(text).toContain(start);
  return text
    .slice(text.indexOf(start) + start.length)
    .replace(/\r\n$/, '')
    .split('\r\n');
}

const isRow = (row: string, at: number) =>
  at === 0 ? row.startsWith('>>> ') : row.startsWith('  | ') || row.startsWith('  : ');

/** Expects that no word on the screen mixes Latin letters with lookalikes from other scripts. */
function expectNoMixedWord(shown: readonly Shown[]): void {
  const words = shown
    .map(({ char, raw }) => (raw || /[\u0080-\u{10ffff}]/u.test(char) ? char : ' '))
    .join('');
  const seen = shown.map(({ char, raw }) => (raw ? char : '?'.repeat(char.length || 1))).join('');
  for (const { 0: word, index } of words.matchAll(/[\w\u0080-\u{10ffff}]+/gu)) {
    const foreign =
      /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\uff21-\uff5a]/u;
    if (/[A-Za-z]/.test(word) && word.length < 100) {
      expect(seen.slice(index, index + word.length), 'no letters that look like Latin').not.toMatch(foreign);
    }
  }
}

async function check(one: ScreenCase, printed: Buffer): Promise<void> {
  const own = ownRows(printed, one);
  expect(own.join(''), 'no character that acts on a terminal').not.toMatch(
    /[\p{C}\p{Zl}\p{Zp}\ufffd]|(?! )\p{Zs}/u,
  );
  const screen = await readScreen(printed.subarray(0, printed.length - 2), one.columns, one.rows);
  expect(screen.oddities).toEqual([]);
  const top = screen.cursorRow - own.length + 1;
  expect(top, 'command and question are on one screen').toBeGreaterThanOrEqual(0);
  const trimmed = own.map((row) => row.trimEnd());
  expect(screen.rows.slice(top, top + own.length).map((row) => row.trimEnd())).toEqual(trimmed);
  expect(screen.rows.slice(top + own.length).join('')).toBe('');
  expect(screen.unseen.filter((row) => row >= top)).toEqual([]);

  const length = own.findIndex((row, at) => !isRow(row, at));
  expect(length, 'rows of the command').toBeGreaterThan(0);
  const text = own
    .slice(0, length)
    .map((row, at) => (at > 0 && row.startsWith('  | ') ? '\n' : '') + row.slice(4))
    .join('');
  const { shown, bytes } = compare(text, one.command);
  expectNoMixedWord(shown);
  const rest = own.slice(length);
  const hidden = /^ *\((\d+) (?:of \d+ )?(?:bytes )?NOT SHOWN/.exec(rest[0] ?? '')?.[1];
  const left = one.command.subarray(bytes).toString('latin1');
  if (hidden === undefined) expect(left.replace(/\n$/, '')).toBe('');
  else expect([Number(hidden), Number(hidden) - left.length > 1]).toEqual([Number(hidden), false]);
  const notes = rest.join('\n');
  if (one.rows >= 6 && one.label) expect(notes).toMatch(/\(from \w+/);
  if (one.stdin) expect(notes).toContain('stdin');
  if (one.rows >= 6 && one.leftovers) expect(notes).toMatch(/still (has|have|run)/);
  expect(own.at(-1), 'the question').toMatch(one.leftovers ? /[b-z][aeiou][b-z][:/]/ : /\by\//);
}

test.skipIf(!hasScript)(
  `${count} hostile commands on terminals of 20 to 200 columns and 3 to 60 rows: each is on the screen with its question, or a note has the number of hidden bytes`,
  { timeout: 2_400_000 },
  async () => {
    const cases = [...known, ...fc.sample(anyCase, { seed, numRuns: count - known.length })];
    const printed = await printAll(cases);
    expect(printed).toHaveLength(cases.length);
    for (const [at, one] of cases.entries()) {
      try {
        await check(one, printed[at] ?? Buffer.alloc(0));
      } catch (error) {
        const command = JSON.stringify(one.command.toString('latin1'));
        console.error(
          `seed ${seed}, case ${at}: ${JSON.stringify({ ...one, command })}\n${printed[at]?.toString()}`,
        );
        throw error;
      }
    }
  },
);
