import { expect, test } from 'vitest';
import { Refusal, type RefusalCode, refusals } from '../../src/protocol/errors.ts';

const codes = Object.keys(refusals) as RefusalCode[];

test.each(codes)('%s has a status of a refusal and one line of text', (code) => {
  const { status, text } = refusals[code];
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(600);
  expect(text).toMatch(/^[\x20-\x7e]{5,80}$/);
  expect(text).not.toMatch(/[.!]$/);
});

test('no two refusals say the same', () => {
  expect(new Set(codes.map((code) => refusals[code].text)).size).toBe(codes.length);
});

test('a code can be a header: small letters and underscores', () => {
  expect(codes.filter((code) => !/^[a-z]+(_[a-z]+)*$/.test(code))).toEqual([]);
});

test('a refusal says what its code says, and what else there is to say', () => {
  expect(new Refusal('gone').message).toBe(refusals.gone.text);
  expect(new Refusal('listener_busy', 'host').message).toBe(`${refusals.listener_busy.text}: host`);
  expect(new Refusal('output_gap', 'at 3', { 'remotify-next-offset': '3' })).toMatchObject({
    code: 'output_gap',
    headers: { 'remotify-next-offset': '3' },
  });
});
