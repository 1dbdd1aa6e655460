import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutChars, shorten } from '../../src/text/cut-text.ts';
import { formatAge, formatDuration, formatLimit, formatSeconds } from '../../src/text/durations.ts';
import { formatCount, formatSize } from '../../src/text/sizes.ts';
import { seed } from '../harness/seed.ts';

const odd = fc.oneof(
  fc.double(),
  fc.double({ min: 0, max: 1e6 }),
  fc.integer({ min: 0, max: 1e7 }),
  fc.constantFrom(
    Number.NaN,
    Infinity,
    -Infinity,
    -0,
    -1,
    0.5,
    59.5,
    59.95,
    59.999,
    999.5,
    999.95,
    59_950,
    59_999.9,
  ),
);
const span =
  /^(?:\? s|\d{1,3} ms|\d{1,2}\.\d s|\d{1,2} s|\d{1,2} m(?: \d{1,2} s)?|\d{1,2} h(?: \d{1,2} m)?|[\d.e+]+ d(?: \d{1,2} h)?)$/;

describe('formatSeconds', () => {
  test.each([
    [0, '0 s'],
    [59.999, '59 s'],
    [60, '1 m'],
    [200, '3 m 20 s'],
    [3599, '59 m 59 s'],
    [3600, '1 h'],
    [7500, '2 h 5 m'],
    [172_799, '47 h 59 m'],
    [172_800, '2 d'],
    [273_600, '3 d 4 h'],
    [-5, '0 s'],
    [-0.1, '0 s'],
    [Number.NaN, '? s'],
    [Infinity, '? s'],
  ])('%d is %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});

describe('formatDuration', () => {
  test.each([
    [0, '0 ms'],
    [0.4, '0 ms'],
    [320, '320 ms'],
    [999.4, '999 ms'],
    [999.5, '1.0 s'],
    [1200, '1.2 s'],
    [59_949, '59.9 s'],
    [59_950, '1 m'],
    [59_999, '1 m'],
    [60_000, '1 m'],
    [61_999, '1 m 1 s'],
    [-3, '0 ms'],
    [Number.NaN, '? s'],
    [Infinity, '? s'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

test.each([
  [0.5, '500 ms'],
  [0.001, '1 ms'],
  [1.5, '1.5 s'],
  [2, '2 s'],
  [59.99, '1 m'],
  [90.5, '1 m 30 s'],
  [600, '10 m'],
])('formatLimit: %d seconds is %s', (seconds, text) => {
  expect(formatLimit(seconds)).toBe(text);
});

test.each([
  [0, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 m'],
  [3_599_999, '59 m'],
  [3_600_000, '1 h'],
  [172_799_999, '47 h'],
  [172_800_000, '2 d'],
  [-5000, '0 s'],
  [Number.NaN, '? s'],
])('formatAge: %d ms ago is %s', (ms, text) => {
  expect(formatAge(1_000_000, 1_000_000 + ms)).toBe(text);
});

test('any number: each format gives a valid duration, without 60 s, 1000 ms, NaN or a minus sign', () => {
  fc.assert(
    fc.property(odd, (number) => {
      for (const text of [formatSeconds(number), formatDuration(number), formatLimit(number)]) {
        expect(text).toMatch(span);
        expect(text).not.toMatch(/^(?:60|60\.0) s| 60 [sm]| 24 h$/);
      }
      expect(formatAge(0, number)).toMatch(/^(?:\? s|[\d.e+]+ [smhd])$/);
    }),
    { seed, numRuns: 2000 },
  );
});

describe('formatSize', () => {
  test.each([
    [0, '0 B'],
    [0.4, '0 B'],
    [999, '999 B'],
    [999.4, '999 B'],
    [999.5, '1.0 kB'],
    [1000, '1.0 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [12_345_678, '12.3 MB'],
    [1e12, '1.0 TB'],
    [1e15, '1.0 PB'],
    [Number.MAX_SAFE_INTEGER, '9.0 PB'],
    [2.5e18, '2.5 EB'],
    [-1, '0 B'],
    [Number.NaN, '? B'],
    [Infinity, '? B'],
  ])('%d is %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  test('any size below 1000 EB: at most three digits before the point', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 9.9e20, noNaN: true }), (bytes) => {
        expect(formatSize(bytes)).toMatch(/^(?:\d{1,3} B|\d{1,3}\.\d [kMGTPE]B)$/);
      }),
      { seed, numRuns: 1000 },
    );
  });
});

test.each([
  [0, '0 files'],
  [1, '1 file'],
  [2, '2 files'],
])('formatCount: %d is %s', (count, text) => {
  expect(formatCount(count, 'file')).toBe(text);
});

describe('cutChars', () => {
  test.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'abc'],
    ['ab😀', 4, 'ab😀'],
    ['ab😀', 3, 'ab'],
    ['😀', 1, ''],
    ['abc', 0, ''],
  ])('%s, at most %d units: %j', (text, most, cut) => {
    expect(cutChars(text, most)).toBe(cut);
    expect(shorten(text, most)).toBe(cut === text ? text : `${cut}…`);
  });

  test('any text: a prefix within the limit, without half a character at the end', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.nat({ max: 40 }), (text, most) => {
        const cut = cutChars(text, most);
        expect(text.startsWith(cut)).toBe(true);
        expect(cut.length).toBeLessThanOrEqual(most);
        expect(cut.isWellFormed() || !text.isWellFormed()).toBe(true);
        expect(text.length - cut.length).toBeLessThanOrEqual(Math.max(0, text.length - most) + 1);
      }),
      { seed, numRuns: 500 },
    );
  });
});
