import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { toArgument, TurnWriter } from '../../src/store/redis-words.ts';

test('short bytes that are text become text, and the very same bytes again', () => {
  for (const text of ['', 'echo\n', '\ufeffBOM, \u0000 and \u{1f600}']) {
    const argument = toArgument(Buffer.from(text));
    expect(argument).toBe(text);
    expect(Buffer.from(String(argument))).toEqual(Buffer.from(text));
  }
});

test('bytes that are no text, and many of them, stay bytes', () => {
  for (const bytes of [
    Buffer.from([0xff, 0x00]),
    Buffer.from('\u{1f600}').subarray(1),
    Buffer.alloc(4_097, 'x'),
  ])
    expect(toArgument(bytes)).toBe(bytes);
  const view = new Uint8Array(Buffer.from('.\xff.', 'latin1')).subarray(1);
  expect(toArgument(view)).toEqual(Buffer.from([0xff, 0x2e]));
});

test('what is written in one turn goes out in one write, and the next turn is another', async () => {
  const writes: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      writes.push(String(chunk));
      done();
    },
    writev: (chunks, done) => {
      writes.push(chunks.map(({ chunk }) => String(chunk)).join(''));
      done();
    },
  });
  const writer = new TurnWriter();
  writer.gather(undefined);
  for (const text of ['a', 'b', 'c']) {
    writer.gather(stream);
    stream.write(text);
  }
  expect(writes).toEqual([]);
  await nextTurn();
  expect(writes).toEqual(['abc']);
  writer.gather(stream);
  stream.write('d');
  await nextTurn();
  expect(writes).toEqual(['abc', 'd']);
  writes.length = 0;
  for (let nth = 0; nth < 40; nth += 1) {
    writer.gather(stream);
    stream.write('.');
  }
  // Many do not wait for the end of their turn.
  expect(writes.join('').length).toBeGreaterThan(8);
  expect(writes.length).toBeLessThan(8);
  await nextTurn();
  expect(writes.join('')).toBe('.'.repeat(40));
});
