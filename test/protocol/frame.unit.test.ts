import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Frame, renderFrameEnd, renderFrameHead } from '../../src/protocol/frame.ts';
import { seed } from '../harness/seed.ts';

type Given = Omit<Frame, 'scriptBytes'> & { script: Uint8Array };

const plain: Given = {
  id: 'c12',
  merge: false,
  stdin: false,
  timeoutSeconds: 0,
  from: null,
  script: Buffer.from('echo one'),
};

function renderFrame({ script, ...rest }: Given): Buffer {
  const frame = { ...rest, scriptBytes: script.byteLength };
  return Buffer.concat([renderFrameHead(frame), script, renderFrameEnd(frame)]);
}

/** Parses a frame as the reference requires of a listener; undefined for anything but a complete frame. */
function readFrame(body: Buffer): { id: string; options: string; script: Buffer } | undefined {
  const headEnd = body.indexOf(0x0a);
  const head = /^remotify\/1 run (c\d+) (\d+) (.*)$/.exec(body.subarray(0, headEnd).toString('latin1'));
  const [, id, length, options] = head ?? [];
  if (id === undefined || length === undefined || options === undefined) return undefined;
  const scriptEnd = headEnd + 1 + Number(length);
  const end = `\nremotify/1 end ${id}\n`;
  if (body.subarray(scriptEnd).toString('latin1') !== end) return undefined;
  return { id, options, script: body.subarray(headEnd + 1, scriptEnd) };
}

const anyFrame = fc.record({
  id: fc.integer({ min: 1, max: 999_999_999 }).map((number) => `c${number}`),
  merge: fc.boolean(),
  stdin: fc.boolean(),
  timeoutSeconds: fc.nat(),
  from: fc.option(fc.stringMatching(/^[A-Za-z0-9._@/,+-]{1,80}$/)),
  script: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(Buffer.from('\nremotify/1 end c1\n'))),
});

test('a frame consists of a head, the bytes of the script and an end line', () => {
  expect(renderFrame(plain).toString()).toBe(
    'remotify/1 run c12 8 timeout=0 merge=0 stdin=0\necho one\nremotify/1 end c12\n',
  );
});

test('the head of a frame has the options of the command', () => {
  const frame = renderFrame({ ...plain, merge: true, stdin: true, timeoutSeconds: 90 });
  expect(readFrame(frame)?.options).toBe('timeout=90 merge=1 stdin=1');
  const named = renderFrame({ ...plain, from: 'ann@desk,remotify/1.0' });
  expect(readFrame(named)?.options).toBe('timeout=0 merge=0 stdin=0 from=ann@desk,remotify/1.0');
});

test('script of arbitrary bytes: the frame returns the same bytes', () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      const read = readFrame(renderFrame(frame));
      expect(read?.id).toBe(frame.id);
      expect(read?.script).toEqual(Buffer.from(frame.script));
    }),
    { seed },
  );
});

test('frame truncated at any byte: it is rejected', () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      const whole = renderFrame(frame);
      for (let length = 0; length < whole.byteLength; length += 1) {
        expect(
          readFrame(whole.subarray(0, length)),
          `${length} of ${whole.byteLength} bytes`,
        ).toBeUndefined();
      }
    }),
    { seed, numRuns: 50 },
  );
});

test.each([
  ['a line feed after it', (whole: Buffer) => Buffer.concat([whole, Buffer.from('\n')])],
  ['a line feed before it', (whole: Buffer) => Buffer.concat([Buffer.from('\n'), whole])],
  [
    'CRLF line ends',
    (whole: Buffer) => Buffer.from(whole.toString('latin1').replaceAll('\n', '\r\n'), 'latin1'),
  ],
  ['another encoding', (whole: Buffer) => Buffer.from(whole.toString('latin1'), 'utf8')],
  ['lost bytes', (whole: Buffer) => Buffer.from(whole.toString('latin1').replace('ö', ''), 'latin1')],
])('frame with %s: it is rejected', (_name, spoil) => {
  const whole = renderFrame({ ...plain, script: Buffer.from('echo "ö"', 'latin1') });
  expect(readFrame(whole)).toBeDefined();
  expect(readFrame(spoil(whole))).toBeUndefined();
});
