import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, dropContinuation, splitIncomplete } from '../../src/text/utf8.ts';
import { createRandom } from '../harness/random.ts';
import { seed } from '../harness/seed.ts';

/** One character if these bytes are exactly one, by a decoder of another make. */
function readOne(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  return Array.from(text).length === 1 && Buffer.from(text).equals(bytes) ? text : undefined;
}

/** The longest character first; a byte that begins none is spelled out. */
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

/** Mostly UTF-8, cut and broken here and there. */
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
  ])('%s stays', (_title, text, shown) => {
    expect(decode(Buffer.from(text))).toBe(shown);
  });

  test.each([
    ['a lone continuation byte', '80', String.raw`\x80`],
    ['an overlong slash', 'c0af', String.raw`\xc0\xaf`],
    ['a surrogate', 'eda080', String.raw`\xed\xa0\x80`],
    ['a code point behind the last one', 'f4908080', String.raw`\xf4\x90\x80\x80`],
    ['a character that is cut short', 'e282', String.raw`\xe2\x82`],
    ['U+FFFD beside a bad byte', 'efbfbdff', `\ufffd${String.raw`\xff`}`],
    ['a bad byte before letters', 'ff6162', String.raw`\xffab`],
  ])('%s is spelled byte by byte', (_title, hex, shown) => {
    expect(decode(Buffer.from(hex, 'hex'))).toBe(shown);
  });

  test('any bytes: the same as a slow decoder of another make', () => {
    fc.assert(
      fc.property(bytesOf, (bytes) => {
        expect(decode(bytes)).toBe(decodeSlowly(bytes));
      }),
      { seed, numRuns: 1000 },
    );
  });

  test('the spelling of a bad byte is the caller’s', () => {
    expect(decode(Buffer.from('61ff', 'hex'), (byte) => `<${byte}>`)).toBe('a<255>');
  });
});

describe('splitIncomplete', () => {
  test('wherever the chunks are cut, the same text comes out', () => {
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
    ['two bytes', '61c3', 1],
    ['three bytes', '61e282', 2],
    ['four bytes', '61f09f98', 3],
    ['nothing of a whole one', '61e282ac', 0],
    ['nothing after a letter', '61', 0],
    ['nothing of no bytes', '', 0],
  ])('of a character that is cut, %s are held back', (_title, hex, held) => {
    const bytes = Buffer.from(hex, 'hex');
    expect(splitIncomplete(bytes).map(({ length }) => length)).toEqual([bytes.length - held, held]);
  });

  test.each(['c0', 'c1', 'f5', 'f8', 'ff', 'fe80'])(
    '%s begins no character: it is shown at once, and not with the next chunk',
    (hex) => {
      expect(splitIncomplete(Buffer.from(`61${hex}`, 'hex'))[1]).toHaveLength(0);
    },
  );
});

test.each([
  ['9f9880', '', 'the end of a character'],
  ['ac61', '61', 'one byte of it'],
  ['61ac', '61ac', 'nothing before a letter'],
  ['80808080', '80', 'no more than three bytes: the fourth belongs to no character'],
])('dropContinuation of %s is %s: %s', (given, left) => {
  expect(Buffer.from(dropContinuation(Buffer.from(given, 'hex'))).toString('hex')).toBe(left);
});
