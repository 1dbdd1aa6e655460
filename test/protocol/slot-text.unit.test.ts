import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { declinedText, notePrefix, parseSlotText, renderMarker } from '../../src/protocol/slot-text.ts';
import { seed } from '../harness/seed.ts';

const failing = fc.integer({ min: 1, max: 255 });
const lookalikes = [
  '\n',
  '\n[remotify: exit status 3]\n',
  '[remotify: exit status 3]',
  declinedText,
  notePrefix,
];
const output = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(...lookalikes.map((text) => Buffer.from(text))),
    ),
    {
      maxLength: 5,
    },
  )
  .map((parts) => Buffer.concat(parts));

function endsInNewline(bytes: Buffer): boolean {
  return bytes.byteLength === 0 || bytes.at(-1) === 0x0a;
}

describe('the marker', () => {
  test.each([
    [0, true, ''],
    [0, false, ''],
    [null, true, ''],
    [3, true, '[remotify: exit status 3]\n'],
    [255, false, '\n[remotify: exit status 255]\n'],
  ])('status %j, after text that ends with a newline: %j', (status, endsWithNewline, expected) => {
    expect(renderMarker(status, endsWithNewline)).toBe(expected);
  });

  test('after any output: it is on its own line, and the parser reads its status', () => {
    fc.assert(
      fc.property(output, failing, (bytes, status) => {
        const text = Buffer.concat([bytes, Buffer.from(renderMarker(status, endsInNewline(bytes)))]);
        const read = parseSlotText(text);
        expect(read.exitStatus).toBe(status);
        expect(read.declined).toBe(false);
        // The parser cannot distinguish a newline at the end of the output from that of the marker.
        const withoutNewline = bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes;
        expect(read.output).toEqual(withoutNewline);
      }),
      { seed },
    );
  });
});

describe('parseSlotText', () => {
  test('text without a marker: no exit status', () => {
    const bytes = Buffer.from([0, 255, 10, 13, 10]);
    expect(parseSlotText(bytes)).toEqual({ output: bytes, exitStatus: null, tag: '', declined: false });
    expect(parseSlotText(Buffer.alloc(0))).toEqual({
      output: Buffer.alloc(0),
      exitStatus: null,
      tag: '',
      declined: false,
    });
  });

  test.each([
    '[remotify: exit status 256]\n',
    '[remotify: exit status 1000]\n',
    '[remotify: exit status -1]\n',
  ])('text that ends with %j: not a marker, since no shell has this exit status', (marker) => {
    const read = parseSlotText(Buffer.from(`out\n${marker}`));
    expect(read).toMatchObject({ exitStatus: null, output: Buffer.from(`out\n${marker}`) });
  });

  test('text with a marker in the middle: it is part of the output', () => {
    const text = Buffer.from('one\n[remotify: exit status 3]\ntwo\n');
    expect(parseSlotText(text)).toEqual({ output: text, exitStatus: null, tag: '', declined: false });
  });

  test('marker with a tag: the tag is read', () => {
    const read = parseSlotText(Buffer.from('out\n[remotify: exit status 3 of 00ff]\n'));
    expect(read).toEqual({ output: Buffer.from('out'), exitStatus: 3, tag: '00ff', declined: false });
  });

  test('output without a newline before the marker: only the marker is removed', () => {
    const read = parseSlotText(Buffer.from(`${'x'.repeat(1_000)}\n[remotify: exit status 9]\n`));
    expect(read).toEqual({ output: Buffer.from('x'.repeat(1_000)), exitStatus: 9, tag: '', declined: false });
  });

  test.each([
    ['[declined by operator]\n', ''],
    ['[declined by operator]', ''],
    ['[declined by operator] not on a Friday\n', 'not on a Friday'],
  ])('text %j: the command was declined', (text, note) => {
    expect(parseSlotText(Buffer.from(text))).toEqual({
      output: Buffer.alloc(0),
      exitStatus: 126,
      tag: '',
      declined: true,
      note,
    });
  });

  test('note instead of a result: exit status 255', () => {
    const text = '[remotify: the listener was replaced]\n';
    expect(parseSlotText(Buffer.from(text))).toEqual({
      output: Buffer.from(text),
      exitStatus: 255,
      tag: '',
      declined: false,
      note: 'remotify: the listener was replaced',
    });
  });

  test('arbitrary bytes: no error, and nothing is added to the output', () => {
    fc.assert(
      fc.property(output, (bytes) => {
        const read = parseSlotText(bytes);
        expect(bytes.subarray(0, read.output.byteLength)).toEqual(read.output);
        const status = read.exitStatus ?? 0;
        expect(Number.isInteger(status) && status >= 0 && status <= 255).toBe(true);
      }),
      { seed, numRuns: 500 },
    );
  });
});
