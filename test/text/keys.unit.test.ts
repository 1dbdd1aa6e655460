import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxTextLength } from '../../src/protocol/limits.ts';
import { beginningOf } from '../../src/text/beginning-of.ts';
import { cutBytes } from '../../src/text/cut-bytes.ts';
import { hideKeys } from '../../src/text/hide-keys.ts';
import { maskKey, maskKeys } from '../../src/text/mask-keys.ts';
import { seed } from '../harness/seed.ts';

const hex = (length: number) =>
  fc.string({
    unit: fc.constantFrom(...Array.from('0123456789abcdef')),
    minLength: length,
    maxLength: length,
  });
const key = fc.oneof(
  hex(32),
  hex(32).map((text) => text.toUpperCase()),
);
const sample = '0123456789abcdef0123456789abcdef';

/** Numbers of hex digits beside a key that belong to something else, at most seven. */
const near = fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 7 }));
const noHex = fc.string({ unit: fc.constantFrom(...Array.from('ghxyzGZ -_/%?=&.:"\'\n日😀\u202e')) });

describe('hideKeys, for untrusted text', () => {
  test.each([
    ['between letters', `xyz${sample}ghi`, 'xyz0123...ghi'],
    ['behind an escaped slash', `%2F${sample}`, '%2F01...'],
    ['before an escaped slash', `${sample}%2Fb`, '0123...%2Fb'],
    ['in a query', `?key=${sample}&a=1`, '?key=0123...&a=1'],
    ['in quotes', `"${sample}"`, '"0123..."'],
    ['in capitals', sample.toUpperCase(), '0123...'],
    ['in mixed letters', `ABCDEF${sample.slice(6)}`, 'ABCD...'],
    ['before the word feed', `${sample}feed`, '0123...'],
    ['twice with a line between', `${sample}\n${sample}`, '0123...\n0123...'],
  ])('a key %s: shortened', (_title, text, shown) => {
    expect(hideKeys(text)).toBe(shown);
  });

  test.each([
    ['a commit of git', 'e83c5163316f89bfbde7d9ab23ca2e25604af290'],
    ['a SHA-256', sample + sample],
    ['31 digits', sample.slice(1)],
    ['a UUID', '123e4567-e89b-12d3-a456-426614174000'],
    ['a short commit', 'e83c516'],
  ])('%s: not changed', (_title, text) => {
    expect(hideKeys(`commit ${text}.`)).toBe(`commit ${text}.`);
  });

  test('any key, with up to seven digits beside it: the result does not contain its last 28 digits', () => {
    fc.assert(
      fc.property(noHex, near, key, hex(7), noHex, (before, [left, right], secret, digits, after) => {
        const extra = left + right > 7 ? 0 : right;
        const text = `${before}${digits.slice(0, left)}${secret}${digits.slice(0, extra)}${after}`;
        expect(hideKeys(text)).not.toContain(secret.slice(4));
        expect(hideKeys(hideKeys(text))).toBe(hideKeys(text));
      }),
      { seed, numRuns: 1000 },
    );
  });

  test('any digest of 40 digits or more, between other characters: not changed', () => {
    fc.assert(
      fc.property(noHex, fc.integer({ min: 40, max: 128 }).chain(hex), noHex, (before, digest, after) => {
        expect(hideKeys(`${before}${digest}${after}`)).toContain(digest);
      }),
      { seed },
    );
  });
});

describe('maskKeys, for messages of this program', () => {
  test.each([
    ['a key', `no session ${sample}`, 'no session 0123…'],
    ['24 digits', sample.slice(8), '89ab…'],
    ['23 digits: not masked', sample.slice(9), sample.slice(9)],
    ['a digest: masked too', sample + sample, '0123…'],
  ])('%s', (_title, text, shown) => {
    expect(maskKeys(text)).toBe(shown);
  });

  test('any text: the result has no 24 hex digits in a row', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(key, noHex, hex(10))), (parts) => {
        const shown = maskKeys(parts.join(''));
        expect(shown).not.toMatch(/[0-9a-f]{24}/i);
        expect(maskKeys(shown)).toBe(shown);
      }),
      { seed, numRuns: 500 },
    );
  });

  test('maskKey: keeps the first four digits', () => {
    expect(maskKey(sample)).toBe('0123…');
  });
});

describe('beginningOf and cutBytes', () => {
  test('beginningOf, many keys before a key at the limit: no part of that key is left', () => {
    // 24 keys take 24 × 33 bytes, and 24 × 8 characters once they are shortened.
    const script = `${`${sample} `.repeat(24)}fedcba9876543210fedcba9876543210`;
    expect(beginningOf(Buffer.from(script))).not.toMatch(/fedcba98/);
    expect(beginningOf(Buffer.from(script))).toMatch(/^(?:0123\.\.\. ){24}/);
  });

  test('beginningOf, any script with keys: at most four digits of a key, and at most 200 characters', () => {
    const part = fc.oneof(
      key,
      noHex.map((text) => `${text} `),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
        const script = parts.map((one) => `${one} `).join('');
        const shown = beginningOf(Buffer.from(script));
        expect(shown).not.toMatch(/[0-9a-f]{8}/i);
        expect(Array.from(shown).length).toBeLessThanOrEqual(maxTextLength);
      }),
      { seed, numRuns: 500 },
    );
  });

  test('cutBytes, any text: at most the limit, without half a character at the end', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.nat({ max: 80 }), (text, most) => {
        const bytes = Buffer.from(text);
        const cut = cutBytes(bytes, most);
        expect(cut.length).toBeLessThanOrEqual(most);
        expect(text.startsWith(Buffer.from(cut).toString())).toBe(true);
        if (bytes.length <= most) expect(cut).toHaveLength(bytes.length);
      }),
      { seed, numRuns: 500 },
    );
  });
});
