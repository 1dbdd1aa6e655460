import { expect, test } from 'vitest';
import { Refusal, type RefusalCode, refusals } from '../../src/protocol/errors.ts';

const codes = Object.keys(refusals) as RefusalCode[];

test.each(codes)('refusal %s has a 4xx or 5xx status and one line of text', (code) => {
  const { status, text } = refusals[code];
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(600);
  expect(text).toMatch(/^[\x20-\x7e]{5,80}$/);
  expect(text).not.toMatch(/[.!]$/);
});

test('no two refusals have the same text', () => {
  expect(new Set(codes.map((code) => refusals[code].text)).size).toBe(codes.length);
});

test('refusal codes consist of lower-case letters and underscores, so they can be header values', () => {
  expect(codes.filter((code) => !/^[a-z]+(_[a-z]+)*$/.test(code))).toEqual([]);
});

test('the message of a refusal is the text of its code and the detail, if there is one', () => {
  expect(new Refusal('gone').message).toBe(refusals.gone.text);
  expect(new Refusal('listener_busy', 'host').message).toBe(`${refusals.listener_busy.text}: host`);
  expect(new Refusal('output_gap', 'at 3', { 'remotify-next-offset': '3' })).toMatchObject({
    code: 'output_gap',
    headers: { 'remotify-next-offset': '3' },
  });
});
