import { describe, expect, test } from 'vitest';
import { OutputParser, type Piece } from '../../src/page/output-parser.ts';
import { applyColour, plainStyle } from '../../src/page/text-style.ts';
import { createRandom } from '../harness/random.ts';
import { seed } from '../harness/seed.ts';

// The parser of output: escapes everything that is not text, independent of chunk boundaries.

function show(pieces: readonly Piece[]): string {
  const shown = pieces
    .map((piece) => {
      if (piece.kind === 'line end') return '⏎';
      if (piece.kind === 'return') return '↵';
      if (piece.kind === 'erase') return piece.isWhole ? '⌦' : '→';
      return piece.isSpelled ? `⟦${piece.text}⟧` : piece.text;
    })
    .join('');
  // A run of unsafe characters that is split between two chunks becomes two pieces instead of one.
  return shown.replaceAll('⟧⟦', '').replaceAll('⟦', '[').replaceAll('⟧', ']');
}

function parseWith(parser: OutputParser, ...chunks: (string | Uint8Array)[]): string {
  return show([...chunks.flatMap((chunk) => parser.push(Buffer.from(chunk))), ...parser.end()]);
}

const parse = (...chunks: (string | Uint8Array)[]): string => parseWith(new OutputParser(), ...chunks);

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test.each([
  ['lines', 'a\nb\r\nc', 'a⏎b⏎c'],
  ['a carriage return in a row, and at the very end', '10%\r20%\r', '10%↵20%↵'],
  ['a colour', 'a\x1b[31mb\x1b[0mc', 'abc'],
  ['an erasure next to a carriage return', '\r\x1b[Kdone\x1b[2K\r', '↵→done⌦↵'],
  ['an erasure without a carriage return', 'a\x1b[0Kb\x1b[1Kc', 'a→b[\\x1b][1Kc'],
  ['a sequence that moves the cursor', 'a\x1b[2Jb', 'a[\\x1b][2Jb'],
  ['a window title', '\x1b]0;evil\x07', '[\\x1b]]0;evil[\\x07]'],
  ['an escape character at the end', 'a\x1b', 'a[\\x1b]'],
  ['a character that changes the text direction', 'a\u202eb', 'a[\\u{202e}]b'],
  ['a tab', 'a\tb', 'a\tb'],
  ['bytes that are not UTF-8', Buffer.from([0x61, 0xff, 0xc3, 0x28]), 'a[\\xff\\xc3]('],
  ['U+FFFD itself', 'a\ufffdb', 'a\ufffdb'],
  ['letters of four bytes', '😀', '😀'],
])('parse %s', (_title, given, shown) => {
  expect(parse(given)).toBe(shown);
});

test('random chunk boundaries: the result is the same as for one chunk', () => {
  const random = createRandom(seed);
  const whole = Buffer.concat([
    Buffer.from(
      'ä€😀\x1b[1;31mred\x1b[0m\r\n10%\r\x1b[K20%\x1b[38;5;208mx\x1b]0;t\x07\u202e\n\r\r\n\x1b\x1b[2K',
    ),
    Buffer.from([0xff, 0xe2, 0x82, 0xf0, 0x9f, 0x98, 0x0a, 0xc3]),
  ]);
  const expected = parse(whole);
  for (let turn = 0; turn < 200; turn++) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < whole.length; ) {
      const end = at + 1 + random.below(6);
      chunks.push(whole.subarray(at, end));
      at = end;
    }
    expect(parse(...chunks)).toBe(expected);
  }
});

test.each<[title: string, chunks: Uint8Array[], dropped: string, spelled: string]>([
  ['in one chunk', [bytes(0x82, 0xac, 0x61, 0xe2, 0x82, 0xac)], 'a€', '[\\x82\\xac]a€'],
  ['alone in the first chunk', [bytes(0x82, 0xac), bytes(0x61)], 'a', '[\\x82\\xac]a'],
  ['as the whole output', [bytes(0x9f, 0x98, 0x80)], '', '[\\x9f\\x98\\x80]'],
  [
    'four continuation bytes in a row',
    [bytes(0x80, 0x80, 0x80, 0x80, 0x61)],
    '[\\x80]a',
    '[\\x80\\x80\\x80\\x80]a',
  ],
  ['not at the beginning', [bytes(0x61), bytes(0x82, 0x62)], 'a[\\x82]b', 'a[\\x82]b'],
])(
  'continuation bytes of a cut character, %s: dropped at the start after a skip, otherwise escaped',
  (_title, chunks, dropped, spelled) => {
    expect(parseWith(new OutputParser(true), ...chunks)).toBe(dropped);
    expect(parse(...chunks)).toBe(spelled);
  },
);

describe('colours', () => {
  test.each([
    ['\x1b[31m', { ink: 1, marks: [] }],
    ['\x1b[1;97;44m', { marks: ['bold'], ink: 15, paper: 4 }],
    ['\x1b[38;5;208m', { ink: '#ff8700', marks: [] }],
    ['\x1b[38;5;9m', { ink: 9, marks: [] }],
    ['\x1b[107;90m', { ink: 8, paper: 15, marks: [] }],
    ['\x1b[48;2;1;2;255m', { paper: '#0102ff', marks: [] }],
    ['\x1b[38;2;999;0;0m', { ink: '#ff0000', marks: [] }],
    ['\x1b[38:2::255:0:0m', { ink: '#ff0000', marks: [] }],
    ['\x1b[38:2:255:0:0m', { ink: '#ff0000', marks: [] }],
    ['\x1b[38:5:208;1m', { ink: '#ff8700', marks: ['bold'] }],
    ['\x1b[38;5;999m', { marks: [] }],
    ['\x1b[38m', { marks: [] }],
    ['\x1b[38;2;1m', { marks: [] }],
    ['\x1b[58;5;1m', { marks: [] }],
    ['\x1b[58:2::1:2:3;3m', { marks: ['italic'] }],
    ['\x1b[4:3m', { marks: ['underlined'] }],
    ['\x1b[1;4;4:0m', { marks: ['bold'] }],
    ['\x1b[73;98;99;108;109;59m', { marks: [] }],
  ])('%j: the resulting style', (sequence, style) => {
    expect(applyColour(plainStyle, sequence)).toEqual(style);
  });

  test('reset sequences: reset a single style, and 0 resets all', () => {
    const set = applyColour(plainStyle, '\x1b[1;2;3;31;42m');
    expect(applyColour(set, '\x1b[39m')).toEqual({ marks: ['bold', 'dim', 'italic'], paper: 2 });
    expect(applyColour(set, '\x1b[22;49m')).toEqual({ marks: ['italic'], ink: 1 });
    expect(applyColour(set, '\x1b[m')).toBe(plainStyle);
  });
});
