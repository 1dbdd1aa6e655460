import { expect, test } from 'vitest';
import { OutputParser } from '../../src/page/output-parser.ts';
import { maxChars, maxRows, OutputRows, type Stream } from '../../src/page/output-rows.ts';
import { OutputEscaper } from '../../src/terminal/output-escaper.ts';
import { TerminalRow } from '../../src/terminal/terminal-row.ts';
import { createRandom } from '../harness/random.ts';
import { seed } from '../harness/seed.ts';

// Rows of output: redraws by carriage returns, erasures, and two streams at once.

type Chunk = [stream: Stream, text: string];

function fill(chunks: readonly Chunk[]): OutputRows {
  const rows = new OutputRows();
  const parsers = { stdout: new OutputParser(), stderr: new OutputParser() };
  for (const [stream, text] of chunks)
    for (const piece of parsers[stream].push(Buffer.from(text))) rows.add(stream, piece);
  for (const stream of ['stdout', 'stderr'] as const)
    for (const piece of parsers[stream].end()) rows.add(stream, piece);
  rows.takeGone();
  return rows;
}

function show(...chunks: Chunk[]): string[] {
  return fill(chunks).rows.map(
    ({ stream, pieces }) => (stream === 'stderr' ? '2>' : '') + pieces.map(({ text }) => text).join(''),
  );
}

/** The rows on a terminal that supports carriage returns and row erasure. */
function showOnTerminal(text: string): string[] {
  const row = new TerminalRow({ columns: () => 1_000, canErase: true, holdsRows: false });
  const escaper = new OutputEscaper(row);
  const printed = escaper.push(Buffer.from(text)) + escaper.end();
  return printed.split('\n').map((line) => (line.split('\r\x1b[K').at(-1) ?? '').replaceAll('\r', ''));
}

const longer = 'x'.repeat(20_000);

test.each<[string, Chunk[], string[]]>([
  ['a redrawn row', [['stdout', '10%\r20%\r100%\n']], ['100%']],
  ['a long row redrawn by a shorter one', [['stdout', 'a long row\rab\n']], ['ab']],
  [
    'a row of several elements redrawn by a shorter one',
    [['stdout', `kept\n${longer}\rab\n`]],
    ['kept', 'ab'],
  ],
  ['a carriage return at the very end keeps the row', [['stdout', '50%\r']], ['50%']],
  ['a carriage return before a line end keeps the row', [['stdout', '50%\r\r\nnext']], ['50%', 'next']],
  [
    'CRLF split between two chunks',
    [
      ['stdout', 'a\r'],
      ['stdout', '\nb'],
    ],
    ['a', 'b'],
  ],
  [
    'a carriage return in one chunk, and the new text in the next',
    [
      ['stdout', 'a\r'],
      ['stdout', 'b'],
    ],
    ['b'],
  ],
  ['a row erased at the end', [['stdout', 'working\r\x1b[K']], ['']],
  ['a row erased before its carriage return', [['stdout', 'working\x1b[2K\rdone']], ['done']],
  ['a row erased before its carriage return, without text after it', [['stdout', 'working\x1b[2K\r']], ['']],
  ['erasure without a carriage return hides nothing', [['stdout', 'rm\x1b[2K -rf /\x1b[K\n']], ['rm -rf /']],
  ['a coloured redraw of several pieces', [['stdout', 'a\r\x1b[31mb\x1b[32mc\x1b[0md']], ['bcd']],
  [
    'stderr in the middle of a row of stdout',
    [
      ['stdout', 'half '],
      ['stderr', 'warning\n'],
      ['stdout', 'row\n'],
    ],
    ['half ', '2>warning', 'row'],
  ],
  [
    'a progress bar that a warning interrupts',
    [
      ['stdout', '10%'],
      ['stderr', 'warning\n'],
      ['stdout', '\r20%'],
      ['stdout', ' and'],
      ['stdout', '\rdone\n'],
    ],
    ['done', '2>warning'],
  ],
  [
    'two streams that redraw at once',
    Array.from({ length: 50 }, (_, at): Chunk[] => [
      ['stdout', `\rout \x1b[1m${at}`],
      ['stderr', `\rerr \x1b[1m${at}`],
    ]).flat(),
    ['out 49', '2>err 49'],
  ],
  ['empty rows', [['stdout', '\n\na\n\n']], ['', '', 'a', '']],
])('rows of %s', (_title, chunks, shown) => {
  expect(show(...chunks)).toEqual(shown);
});

test('random carriage returns, erasures and line ends in one stream: the page and the terminal show the same rows', () => {
  const random = createRandom(seed);
  // Not tested: an erasure without a carriage return, which the terminal escapes and the page ignores.
  const signs = ['a', 'bc', 'déf', '\r', '\r', '\r\n', '\n', '\r\x1b[K', '\x1b[2K\r', '\r\x1b[2K'];
  for (let turn = 0; turn < 500; turn++) {
    const text = Array.from({ length: 1 + random.below(12) }, () => random.pick(signs)).join('');
    const trimmed = (rows: string[]) => rows.join('\n').replace(/\n+$/, '');
    expect(trimmed(show(['stdout', text])), JSON.stringify(text)).toBe(trimmed(showOnTerminal(text)));
  }
});

test('10,000 redraws of a row: one row, with only the pieces of the last redraw', () => {
  const text = Array.from({ length: 10_000 }, (_, at) => `\r\x1b[32m${at}\x1b[0m of 10000`).join('');
  const { rows, isCut } = fill([['stdout', text]]);
  expect(rows.map(({ pieces }) => pieces.length)).toEqual([2]);
  expect(isCut).toBe(false);
});

test.each<[string, string]>([
  ['a million empty rows', '\n'.repeat(1_000_000)],
  ['a row of 3 MB without a line end', 'x'.repeat(3_000_000)],
  ['a colour for each letter', '\x1b[31mx\x1b[32my'.repeat(100_000)],
  ['nothing but unsafe characters', 'a\x07'.repeat(300_000)],
])('%s: cut to the limits, and marked as cut', (_title, text) => {
  const { rows, isCut } = fill([['stdout', text]]);
  expect(rows.length).toBeLessThanOrEqual(maxRows);
  expect(rows.reduce((sum, { chars }) => sum + chars, 0)).toBeLessThanOrEqual(maxChars);
  expect(rows.reduce((sum, { pieces }) => sum + pieces.length, 0)).toBeLessThanOrEqual(2 * maxRows);
  expect(isCut).toBe(true);
});
