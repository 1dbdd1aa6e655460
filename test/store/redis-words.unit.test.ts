import { expect, test } from 'vitest';
import { toArgument } from '../../src/store/redis-words.ts';

test('short UTF-8 bytes are sent as text, which encodes to the same bytes', () => {
  for (const text of ['', 'echo\n', '\ufeffBOM, \u0000 and \u{1f600}']) {
    const argument = toArgument(Buffer.from(text));
    expect(argument).toBe(text);
    expect(Buffer.from(String(argument))).toEqual(Buffer.from(text));
  }
});

test('bytes that are not UTF-8, or longer than 4,096, stay bytes', () => {
  for (const bytes of [
    Buffer.from([0xff, 0x00]),
    Buffer.from('\u{1f600}').subarray(1),
    Buffer.alloc(4_097, 'x'),
  ])
    expect(toArgument(bytes)).toBe(bytes);
  const view = new Uint8Array(Buffer.from('.\xff.', 'latin1')).subarray(1);
  expect(toArgument(view)).toEqual(Buffer.from([0xff, 0x2e]));
});
