import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeBytes } from '../../src/text/escape-bytes.ts';
import { escapeText, escapeUnsafe, spell, unsafeCharacters } from '../../src/text/escape.ts';
import { seed } from '../harness/seed.ts';

const anyUnsafe = new RegExp(unsafeCharacters, 'u');
const unsafeOnly = fc.constantFrom(
  '\x00',
  '\x07',
  '\x1b',
  '\r',
  '\x7f',
  '\x9b',
  '\u00ad',
  '\u034f',
  '\u115f',
  '\u180b',
  '\u200d',
  '\u202e',

  '\u2800',
  '\u3164',
  '\ud800',
  '\udfff',
  '\ufe0f',
  '\ufeff',
  '\ufff9',
  '\u{1d173}',
  '\u{e0041}',
  '\n',
  '\t',
);
/** Contains many unsafe characters; surrogate pairs may be broken. */
const text = fc
  .array(fc.oneof(unsafeOnly, fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), {
    maxLength: 20,
  })
  .map((parts) => parts.join(''));

test.each([
  ['\x1b', String.raw`\x1b`],
  ['\x00', String.raw`\x00`],
  ['\u00ad', String.raw`\xad`],
  ['\u202e', String.raw`\u{202e}`],
  ['\u{e0041}', String.raw`\u{e0041}`],
  ['\ud83d', String.raw`\u{d83d}`],
])('%j is escaped as %s', (char, spelled) => {
  expect(spell(char)).toBe(spelled);
  expect(escapeText(char)).toBe(spelled);
});

describe('escapeText', () => {
  test('line feeds, carriage returns and tabs: escaped, so that the text is one line', () => {
    expect(escapeText('a\nb\tc\r\nd')).toBe(String.raw`a\nb\tc\x0d\nd`);
  });

  test('text of any language, and emoji of one character: not escaped', () => {
    expect(escapeText('größer 日本語 Привет 😀')).toBe('größer 日本語 Привет 😀');
  });

  test('a joiner and a variation selector: escaped, and the text around them is not', () => {
    expect(escapeText('👩\u200d💻 ❤\ufe0f')).toBe(String.raw`👩\u{200d}💻 ❤\u{fe0f}`);
  });

  test('any text: no unsafe character is left, and escaping the result again changes nothing', () => {
    fc.assert(
      fc.property(text, (given) => {
        const shown = escapeText(given);
        expect(shown).not.toMatch(anyUnsafe);
        expect(shown).not.toMatch(/[\n\t]/);
        expect(shown.isWellFormed()).toBe(true);
        expect(escapeText(shown)).toBe(shown);
      }),
      { seed, numRuns: 500 },
    );
  });
});

test('escapeUnsafe, any text: keeps line feeds and tabs, and no other unsafe character', () => {
  fc.assert(
    fc.property(text, (given) => {
      const shown = escapeUnsafe(given);
      expect(shown).not.toMatch(anyUnsafe);
      expect(shown.replaceAll(/[^\n\t]/g, '')).toBe(given.replaceAll(/[^\n\t]/g, ''));
      expect(escapeUnsafe(shown)).toBe(shown);
    }),
    { seed, numRuns: 500 },
  );
});

test('escapeBytes, any bytes: printable text without unsafe characters', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(escapeBytes(bytes)).not.toMatch(anyUnsafe);
    }),
    { seed, numRuns: 500 },
  );
  expect(escapeBytes(Buffer.from('a\xff\x1b[31mü', 'latin1'))).toBe(String.raw`a\xff\x1b[31m\xfc`);
});
