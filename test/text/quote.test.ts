import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quoteAscii, quoteValue, toAscii } from '../../src/text/ascii.ts';
import { unsafeCharacters } from '../../src/text/escape.ts';
import { isPlainWord } from '../../src/protocol/quote-for-shell.ts';
import { quoteWord } from '../../src/text/quote-word.ts';
import { quote, renderSafeJson } from '../../src/text/quote.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { seed } from '../harness/seed.ts';

const anyUnsafe = new RegExp(unsafeCharacters, 'u');
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 120 }),
  fc.string({ unit: 'grapheme', maxLength: 120 }),
  fc.string({
    unit: fc.constantFrom('\ud83d', '\ude00', '\u202e', '\u3164', '"', '\\', 'é', 'x', '\n'),
    maxLength: 120,
  }),
);

describe('quote, for user input', () => {
  test.each([
    ['a word', 'a', '"a"'],
    ['nothing', '', '""'],
    ['quotes and line feeds', 'a"b\n', String.raw`"a\"b\n"`],
    ['an escape sequence', '\x1b[2J', String.raw`"\u001b[2J"`],
    ['a change of direction', 'a\u202eb', String.raw`"a\u202eb"`],
    ['a tag, in two units', '\u{e0041}', String.raw`"\udb40\udc41"`],
    ['letters of other languages', 'größe 日本', '"größe 日本"'],
    ['eighty characters', 'x'.repeat(80), `"${'x'.repeat(80)}"`],
    ['more than eighty', 'x'.repeat(81), `"${'x'.repeat(80)}…"`],
    ['a character of two units at the limit', `${'x'.repeat(79)}😀y`, `"${'x'.repeat(79)}…"`],
  ])('%s', (_title, given, quoted) => {
    expect(quote(given)).toBe(quoted);
  });

  test('any text: JSON of its first 80 characters, without unsafe characters', () => {
    fc.assert(
      fc.property(text, (given) => {
        const quoted = quote(given);
        expect(quoted).not.toMatch(anyUnsafe);
        expect(quoted).not.toContain('\n');
        const shown = JSON.parse(quoted) as string;
        expect(shown.length).toBeLessThanOrEqual(81);
        if (given.length <= 80) expect(shown).toBe(given);
        else expect(given.startsWith(shown.slice(0, -1)) && shown.endsWith('…')).toBe(true);
      }),
      { seed, numRuns: 1000 },
    );
  });
});

describe('quoteAscii, quoteValue and toAscii', () => {
  test('quoteAscii, any text: printable ASCII that parses back to the text', () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(quoteAscii(given)).toMatch(/^"[ -~]*"$/);
        expect(JSON.parse(quoteAscii(given))).toBe(given);
      }),
      { seed, numRuns: 500 },
    );
  });

  test.each([
    ['a number', 7, '7'],
    ['undefined', undefined, 'undefined'],
    ['an object', { a: 'ü' }, String.raw`{"a":"\u00fc"}`],
    ['a long text, which is cut', 'x'.repeat(90), `"${'x'.repeat(79)}…`],
    ['a character of two units at the limit', `${'x'.repeat(78)}😀y`, `"${'x'.repeat(78)}…`],
  ])('quoteValue: %s', (_title, value, quoted) => {
    expect(quoteValue(value)).toBe(quoted);
  });

  test('quoteValue, any value: at most the given number of characters of its JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const quoted = quoteValue(value, 20);
        expect(quoted).toMatch(/^[ -~]*…?$/);
        expect(quoted.length).toBeLessThanOrEqual(20 * 6 + 1);
        const json = JSON.stringify(value);
        if (json.length <= 20) expect(JSON.parse(quoted)).toEqual(JSON.parse(json));
      }),
      { seed },
    );
  });

  test('toAscii, a line of JSON: still valid JSON', () => {
    expect(toAscii('{"a":"é\u2028"}')).toBe(String.raw`{"a":"\u00e9\u2028"}`);
  });
});

describe('renderSafeJson', () => {
  const value = fc.jsonValue({ stringUnit: 'binary' });

  test('any value, with and without indentation: parses back to the same value', () => {
    fc.assert(
      fc.property(value, text, fc.constantFrom(undefined, 2), (given, key, indent) => {
        const whole = { [`_${key}`]: given, text: key };
        const rendered = renderSafeJson(whole, indent);
        expect(JSON.parse(rendered)).toEqual(JSON.parse(JSON.stringify(whole)));
        expect(rendered).not.toMatch(anyUnsafe);
        expect(rendered).not.toMatch(/[^\n\P{C}]/u);
      }),
      { seed, numRuns: 300 },
    );
  });

  test.each([
    ['a character of the private use area', '\ue000', String.raw`"\ue000"`],
    ['a blank letter', '\u3164', String.raw`"\u3164"`],
    ['invisible marks', '\u034f\ufe0f', String.raw`"\u034f\ufe0f"`],
    ['line and paragraph separators', '\u2028\u2029', String.raw`"\u2028\u2029"`],
    ['letters and emoji', 'ü日😀', '"ü日😀"'],
  ])('%s', (_title, given, rendered) => {
    expect(renderSafeJson(given)).toBe(rendered);
  });
});

describe('quoteWord', () => {
  test.each([
    ['plain', 'plain'],
    ['a/b-c_d.e:f,g@h%i+j=k', 'a/b-c_d.e:f,g@h%i+j=k'],
    ['', "''"],
    ['two words', "'two words'"],
    ["it's", String.raw`'it'\''s'`],
    ['~', "'~'"],
    ['$HOME', "'$HOME'"],
    ['a\nb', "'a\nb'"],
    ['größe', "'größe'"],
  ])('%j is quoted as %s', (word, quoted) => {
    expect(quoteWord(word)).toBe(quoted);
    expect(isPlainWord(word)).toBe(word === quoted);
  });

  test('any words: bash reads the quoted words back, byte for byte', async () => {
    const special = fc.string({
      unit: fc.constantFrom(...Array.from(`'"\\$\`!*?[]{}()<>|&;#~ \t\n\r-=%^é日😀\x1b`)),
      maxLength: 12,
    });
    const word = fc
      .oneof(special, fc.string({ unit: 'binary-ascii' }), fc.string({ unit: 'grapheme' }))
      .map((given) => given.replaceAll('\0', '').toWellFormed());
    const words = fc.sample(word, { seed, numRuns: 500 });
    const script = `printf '%s\\0' ${words.map(quoteWord).join(' ')}`;
    const env = cleanEnvironment('/nowhere', { LANG: 'C.UTF-8' });
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { env, maxBuffer: 1e7 });
    expect(stdout.split('\0').slice(0, -1)).toEqual(words);
  });
});
