import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { unsafeCharacters } from '../../src/text/escape.ts';

// Compares the list of characters that are escaped with Unicode's categories and with the table of the runner.

const unsafe = new RegExp(`^${unsafeCharacters}$`, 'u');

function* codePoints(): Generator<number> {
  for (let code = 0; code <= 0x10ffff; code++) yield code;
}

const name = (code: number): string => `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;

const inList = [...codePoints()].filter((code) => unsafe.test(String.fromCodePoint(code)));

/** Control and format characters, surrogates, line and paragraph separators, and all default-ignorable characters. */
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/u;

/** Blank characters that Unicode classifies as symbols. */
const blanks = [0x2800, 0x1d159];

/** Signs that are in Cf although they are visible: they are written before or around digits. */
const visible = [
  0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6dd, 0x70f, 0x890, 0x891, 0x8e2, 0x110bd, 0x110cd,
];

test('the list: all invisible characters of Unicode and two blanks, without tab, line feed and visible signs', () => {
  const kept = new Set([0x09, 0x0a, ...visible]);
  const expected = [...codePoints()].filter((code) => {
    if (kept.has(code)) return false;
    return blanks.includes(code) || hidden.test(String.fromCodePoint(code));
  });
  expect(inList.map(name)).toEqual(expected.map(name));
});

describe('characters that can hide text or change its direction', () => {
  test.each([
    ['escape', 0x1b],
    ['carriage return', 0x0d],
    ['backspace', 0x08],
    ['delete', 0x7f],
    ['CSI of C1', 0x9b],
    ['soft hyphen', 0xad],
    ['combining grapheme joiner', 0x34f],
    ['Arabic letter mark', 0x61c],
    ['Hangul fillers', 0x3164],
    ['half-width Hangul filler', 0xffa0],
    ['Khmer inherent vowel', 0x17b4],
    ['Mongolian variation selector', 0x180b],
    ['Mongolian vowel separator', 0x180e],
    ['zero-width space', 0x200b],
    ['zero-width joiner', 0x200d],
    ['right-to-left override', 0x202e],
    ['right-to-left isolate', 0x2067],
    ['word joiner', 0x2060],
    ['Braille blank', 0x2800],
    ['variation selector 16', 0xfe0f],
    ['byte order mark', 0xfeff],
    ['interlinear annotation', 0xfff9],
    ['musical symbol control', 0x1d173],
    ['shorthand format control', 0x1bca0],
    ['tag letter', 0xe0061],
    ['variation selector 17', 0xe0100],
  ])('%s is in the list', (_name, code) => {
    expect(inList).toContain(code);
  });
});

test.each([
  ['Latin with accents', 'Café Ünïcödé Łódź'],
  ['French spaces', 'oui\u00a0! 10\u202f000'],
  ['ideographs, kana, Hangul and their blanks', '日本語\u3000カタカナ 한국어'],
  ['Arabic and Hebrew', 'مرحبا שלום'],
  ['Devanagari and Thai with their marks', 'नमस्ते ไทยที่'],
  ['combining accents', 'e\u0301'],
  ['emoji of one character', '😀 ✓ → █ ⠿'],
  ['icons of the private use area', '\ue0b0 \uf120'],
])('%s: no character is in the list', (_name, text) => {
  expect(Array.from(text).filter((char) => unsafe.test(char))).toEqual([]);
});

test('the runner: its table of printable characters has none of the list', async () => {
  const source = await readFile(new URL('../../src/runner/letters.sh', import.meta.url), 'utf8');
  const read = (list: string): number[] =>
    new RegExp(`${list}=\\(([\\d\\s]+)\\)`).exec(source)?.[1]?.trim().split(/\s+/).map(Number) ?? [];
  const from = read('letter_from');
  const to = read('letter_to');
  expect(from.length).toBeGreaterThan(100);
  expect(to).toHaveLength(from.length);
  const isShown = (code: number): boolean => from.some((low, at) => low <= code && code <= (to[at] ?? 0));
  expect(inList.filter(isShown).map(name)).toEqual([]);
  // The runner escapes all of C0, DEL and C1 before it uses the table.
  expect(Math.min(...from)).toBeGreaterThan(0x9f);
});
