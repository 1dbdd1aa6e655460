import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import headless from '@xterm/headless';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { withDeadline } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { seed } from '../harness/seed.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

// What the operator sees: the functions of the runner that print a command, in a real pty, and a terminal that shows it.

const columns = 72;
const rows = 20;
const count = isLong ? 10_000 : 400;

const hasScript = spawnSync('script', ['--version']).status === 0;
const source = fileURLToPath(new URL('../../dist/runner.sh', import.meta.url));
const question = 'run it? [y/N, n REASON, a: always, v: view, q: end] ';

const hostile = [
  '\u001b[2J',
  '\u001b[H',
  '\u001b[8m',
  '\u001b[1A\u001b[2K',
  '\u001b[?1049h',
  '\u001b]0;title\u0007',
  '\u001b]52;c;aGk=\u0007',
  '\u001bP+q\u001b\\',
  '\u001b[6n',
  '\u001b[21t',
  '\u001bc',
  '\u0005',
  '\r',
  '\b\b\b\b',
  '\u0007',
  '\u000b\u000c',
  '\u007f',
  '\u009b2J',
  '\u009d',
  '\u202egnp\u202c',
  '\u200b\u2060\ufeff',
  'а\u0430',
  '\u00a0',
  '\t',
  '\n',
  '\n\n\n\n\n\n\n\n',
  '\r\n',
  '>>> ls',
  '\n>>> ls',
  '\n<<< done, 0 bytes sent back\n',
  `\n${question}`,
  '\n    (end of c1: 1 rows, 2 bytes)',
  '\n    (0 of 5 bytes NOT SHOWN; v shows all)',
  '\u001b[20T',
  '\u001b[1;1r',
  '\u001b#8',
  '\u001b[?25l',
  '\u001b[?5h',
  '%s%n%d',
  '$(touch hit)`touch hit`',
  '\\e[2J\\033[2J',
  '-n -e',
];

const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...hostile).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.uint8Array({ min: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 3, arbitrary: fc.string({ maxLength: 30 }).map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.nat(300).map((length) => Buffer.from('x'.repeat(length))) },
  { weight: 1, arbitrary: fc.nat(60).map((length) => Buffer.from('line\n'.repeat(length))) },
  // Over the pieces in which long lines are read.
  { weight: 1, arbitrary: fc.nat(4).map((length) => Buffer.from('y'.repeat((columns - 5) * 50 * length))) },
);
const anyCommand = fc
  .array(piece, { minLength: 1, maxLength: 9 })
  .map((pieces) => Buffer.concat(pieces.map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0)))))
  .filter((bytes) => bytes.byteLength > 0);

/** cat(1), -v and -t, once more. */
function spellOut(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) {
    if (byte === 10) {
      text += '\n';
      continue;
    }
    const low = byte & 0x7f;
    text +=
      (byte >= 128 ? 'M-' : '') +
      (low < 32 ? `^${String.fromCodePoint(low + 64)}` : low === 127 ? '^?' : String.fromCodePoint(low));
  }
  return text;
}

/** The runner's own functions, and in place of its main what prints each file as if it were to be run. */
async function renderDriver(): Promise<string> {
  const text = await readFile(source, 'utf8');
  const end = 'main "$@"\n}\n';
  expect(text.endsWith(end)).toBe(true);
  const driver = [
    'stty cols "$2" rows "$3" </dev/tty; exec 15</dev/tty',
    "mode=supervised more_hint='; v shows all' id=c1 stdin=0 from=ann@desk",
    'for work in "$1"/*; do',
    '  size=${work##*-}',
    String.raw`  printf '%s\n' "$4"`,
    `  show_command brief; show_circumstances; printf '%s' '${question}'`,
    String.raw`  printf '\n'`,
    'done',
  ];
  return `${text.slice(0, -end.length)}${driver.join('\n')}\n}\n`;
}

async function printAll(commands: readonly Buffer[]): Promise<string[]> {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  const works = join(folder.path, 'works');
  for (const [at, bytes] of commands.entries()) {
    const work = join(works, `${String(at).padStart(6, '0')}-${bytes.byteLength}`);
    await mkdir(work, { recursive: true });
    await writeFile(join(work, 'command'), bytes);
  }
  await writeFile(join(folder.path, 'driver.sh'), await renderDriver());
  const mark = randomUUID();
  const words = ['bash', join(folder.path, 'driver.sh'), works, String(columns), String(rows), mark];
  const run = spawnCaptured('script', ['-qec', words.map((word) => `'${word}'`).join(' '), '/dev/null'], {
    env: cleanEnvironment(folder.path),
  });
  const { code } = await withDeadline(run.closed, 900_000, 'all of them are printed');
  expect([code, run.stderr()]).toEqual([0, '']);
  // Each byte a character: whatever is not ASCII must show.
  return run.stdout().toString('latin1').split(`${mark}\r\n`).slice(1);
}

async function showOn(text: string): Promise<{ screen: string[]; scrolled: number }> {
  const terminal = new headless.Terminal({ cols: columns, rows, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(text, resolve));
  const { active } = terminal.buffer;
  const screen = Array.from(
    { length: rows },
    (_, at) => active.getLine(active.baseY + at)?.translateToString(true) ?? '',
  );
  const scrolled = active.baseY;
  terminal.dispose();
  return { screen, scrolled };
}

/** The text behind the gutter, rows of one line put together again. */
function readRows(screen: readonly string[]): { text: string; rest: string[] } {
  let text = '';
  let at = 0;
  for (; at < screen.length; at += 1) {
    const row = screen[at] ?? '';
    const mark = row.slice(0, 4);
    if (at === 0 ? mark !== '>>> ' : mark !== '  | ' && mark !== '  : ') break;
    text += (mark === '  | ' ? '\n' : '') + row.slice(4);
  }
  return { text, rest: screen.slice(at) };
}

async function check(command: Buffer, printed: string): Promise<void> {
  expect(printed, 'nothing that acts on a terminal').toMatch(/^(?:[\x20-\x7e]|\r\n)*$/);
  const { screen, scrolled } = await showOn(printed.replace(/\r\n$/, ''));
  expect(scrolled, 'all of it stands on one screen').toBe(0);
  const { text, rest } = readRows(screen);
  const whole = spellOut(command);
  const notice = /^ {4}\((\d+) of (\d+) bytes NOT SHOWN; v shows all\)$/.exec(rest[0] ?? '');
  const own = rest.slice(notice || rest[0]?.startsWith('    (end of c1: ') ? 1 : 0);
  expect(own.slice(0, 2)).toEqual(['    (from ann@desk, as it says of itself)', question]);
  expect(own.slice(2).join('')).toBe('');
  if (!notice) return expect(text).toBe(whole.replace(/\n$/, ''));
  expect(Number(notice[2]), 'the size of the whole').toBe(whole.length);
  const shown = whole.slice(0, whole.length - Number(notice[1]));
  expect(Number(notice[1])).toBeGreaterThan(0);
  return expect(text).toBe(shown.replace(/\n$/, ''));
}

test.skipIf(!hasScript)(
  `${count} hostile commands: each stands whole on the screen, or it is said how much does not, and none acts on it`,
  { timeout: 2_400_000 },
  async () => {
    const known = hostile.map((text) => Buffer.from(`echo ${text} done`));
    const commands = [...known, ...fc.sample(anyCommand, { seed, numRuns: count - known.length })];
    const printed = await printAll(commands);
    expect(printed).toHaveLength(commands.length);
    for (const [at, command] of commands.entries()) {
      try {
        await check(command, printed[at] ?? '');
      } catch (error) {
        console.error(
          `seed ${seed}, command ${at}: ${JSON.stringify(command.toString('latin1'))}\n${printed[at]}`,
        );
        throw error;
      }
    }
  },
);
