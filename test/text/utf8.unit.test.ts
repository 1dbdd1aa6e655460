import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, dropContinuation, splitIncomplete } from '../../src/text/utf8.ts';
import { createRandom } from '../harness/random.ts';
import { seed } from '../harness/seed.ts';

/** The character, if these bytes are exactly one; uses a different decoder than the code under test. */
function readOne(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  return Array.from(text).length === 1 && Buffer.from(text).equals(bytes) ? text : undefined;
}

/** Tries the longest character first; escapes a byte that begins none. */
function decodeSlowly(bytes: Buffer): string {
  let out = '';
  for (let at = 0; at < bytes.length; ) {
    const lengths = [4, 3, 2, 1].filter((length) => at + length <= bytes.length);
    const length = lengths.find((count) => readOne(bytes.subarray(at, at + count)) !== undefined);
    out +=
      length === undefined
        ? `\\x${bytes.subarray(at, at + 1).toString('hex')}`
        : readOne(bytes.subarray(at, at + length));
    at += length ?? 1;
  }
  return out;
}

/** Mostly valid UTF-8, truncated and broken in some places. */
const bytesOf = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
      fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text).subarray(0, -1)),
      fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom(
          'c0af',
          'e080af',
          'eda080',
          'f4908080',
          'f5',
          'ff',
          'c2',
          'e2',
          'e282',
          'f09f98',
          'efbfbd',
          'efbbbf',
        )
        .map((hex) => Buffer.from(hex, 'hex')),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts));

function cut(bytes: Buffer, start: number): Buffer[] {
  const random = createRandom(start);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random.below(5);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

describe('decode', () => {
  test.each([
    ['valid text', 'aé€😀', 'aé€😀'],
    ['U+FFFD itself', 'a\ufffdb', 'a\ufffdb'],
    ['a byte order mark', '\ufeffa', '\ufeffa'],
  ])('%s: not escaped', (_title, text, shown) => {
    expect(decode(Buffer.from(text))).toBe(shown);
  });

  test.each([
    ['a lone continuation byte', '80', String.raw`\x80`],
    ['an overlong slash', 'c0af', String.raw`\xc0\xaf`],
    ['a surrogate', 'eda080', String.raw`\xed\xa0\x80`],
    ['a code point after the last one', 'f4908080', String.raw`\xf4\x90\x80\x80`],
    ['an incomplete character', 'e282', String.raw`\xe2\x82`],
    ['U+FFFD beside a bad byte', 'efbfbdff', `\ufffd${String.raw`\xff`}`],
    ['a bad byte before letters', 'ff6162', String.raw`\xffab`],
  ])('%s: escaped byte by byte', (_title, hex, shown) => {
    expect(decode(Buffer.from(hex, 'hex'))).toBe(shown);
  });

  test('any bytes: the same text as from a slow decoder', () => {
    fc.assert(
      fc.property(bytesOf, (bytes) => {
        expect(decode(bytes)).toBe(decodeSlowly(bytes));
      }),
      { seed, numRuns: 1000 },
    );
  });

  test('with a function for bad bytes: it returns their text', () => {
    expect(decode(Buffer.from('61ff', 'hex'), (byte) => `<${byte}>`)).toBe('a<255>');
  });
});

describe('splitIncomplete', () => {
  test('chunks split anywhere: the decoded text is the same', () => {
    fc.assert(
      fc.property(bytesOf, fc.nat(), (bytes, start) => {
        let rest: Uint8Array = Buffer.alloc(0);
        let out = '';
        for (const chunk of cut(bytes, start)) {
          const [whole, held] = splitIncomplete(Buffer.concat([rest, chunk]));
          out += decode(whole);
          rest = held;
          expect(rest.length).toBeLessThanOrEqual(3);
        }
        expect(out + decode(rest)).toBe(decode(bytes));
      }),
      { seed, numRuns: 1000 },
    );
  });

  test.each([
    ['an incomplete character of two bytes', '61c3', 1],
    ['an incomplete character of three bytes', '61e282', 2],
    ['an incomplete character of four bytes', '61f09f98', 3],
    ['a complete character', '61e282ac', 0],
    ['a letter', '61', 0],
    ['no bytes', '', 0],
  ])('%s at the end: %s, holds back %d bytes', (_title, hex, held) => {
    const bytes = Buffer.from(hex, 'hex');
    expect(splitIncomplete(bytes).map(({ length }) => length)).toEqual([bytes.length - held, held]);
  });

  test.each(['c0', 'c1', 'f5', 'f8', 'ff', 'fe80'])(
    '%s begins no character: it is not held back for the next chunk',
    (hex) => {
      expect(splitIncomplete(Buffer.from(`61${hex}`, 'hex'))[1]).toHaveLength(0);
    },
  );
});

test.each([
  ['9f9880', '', 'drops three continuation bytes'],
  ['ac61', '61', 'drops one continuation byte'],
  ['61ac', '61ac', 'drops nothing after a letter'],
  ['80808080', '80', 'drops at most three bytes, because the fourth belongs to no character'],
])('dropContinuation of %s is %s: %s', (given, left) => {
  expect(Buffer.from(dropContinuation(Buffer.from(given, 'hex'))).toString('hex')).toBe(left);
});
