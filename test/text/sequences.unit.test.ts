import { describe, expect, test } from 'vitest';
import { colour, colours, erase, unfinished } from '../../src/text/sequences.ts';

// Which terminal sequences untrusted output may use, and which not.

describe('colours', () => {
  test.each(['\x1b[m', '\x1b[0m', '\x1b[1;31m', '\x1b[38;5;208m', '\x1b[38:2::255:0:0m'])(
    '%j is a colour',
    (text) => {
      expect(colour.exec(text)?.[0]).toBe(text);
      expect(`a${text}b`.replaceAll(colours, '')).toBe('ab');
    },
  );

  test.each([
    ['the cursor', '\x1b[2J'],
    ['a private mode', '\x1b[?25l'],
    ['a secondary form of m', '\x1b[>4;2m'],
    ['a title', '\x1b]0;x\x07'],
    ['a link', '\x1b]8;;http://x\x1b\\'],
    ['a reset', '\x1bc'],
    ['numbers without end', `\x1b[${'1;'.repeat(30)}m`],
    ['CSI of C1', '\x9b31m'],
    ['an intermediate byte', '\x1b[1 m'],
  ])('%s: neither a colour nor an erase sequence', (_title, text) => {
    expect(colour.test(text)).toBe(false);
    expect(erase.test(text)).toBe(false);
  });
});

test.each([
  ['\x1b[K', true],
  ['\x1b[0K', true],
  ['\x1b[2K', true],
  ['\x1b[1K', false],
  ['\x1b[3K', false],
  ['\x1b[?K', false],
])('%j erases a row: %s', (text, erases) => {
  expect(erase.test(text)).toBe(erases);
});

test.each(['\x1b[1;31m', '\x1b[K\r', '\x1b[2K\r', '\x1b[38;5;208m'])(
  'every prefix of %j is unfinished',
  (text) => {
    for (let length = 1; length < text.length; length++)
      expect(unfinished.test(text.slice(0, length))).toBe(true);
    expect(unfinished.test(text)).toBe(false);
  },
);
