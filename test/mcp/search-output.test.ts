import { describe, expect, test } from 'vitest';
import type { CommandSource } from '../../src/mcp/command-source.ts';
import { searchOutput } from '../../src/mcp/search-output.ts';
import { escapeBytes } from '../../src/text/escape-bytes.ts';

/** Output that is all there. */
const holding = (bytes: Buffer): CommandSource =>
  ({
    read: (_id: string, _stream: string, offset: number, length: number) =>
      Promise.resolve(bytes.subarray(offset, offset + length)),
  }) as unknown as CommandSource;

async function search(output: Buffer | string, text: string) {
  const bytes = Buffer.from(output);
  const where = { id: 'c1', stream: 'stdout', offset: 0, end: bytes.length } as const;
  return (await searchOutput(holding(bytes), where, text, escapeBytes)).matches;
}

describe('a line that is too long', () => {
  test.each([
    ['three bytes a character', '日本語'],
    ['four bytes a character', '😀🎉'],
    ['one byte and two, in turns', 'aé'],
  ])('of %s: cut between characters, before and behind what was found', async (_title, letters) => {
    for (let shift = 0; shift < 4; shift++) {
      const line = `${'x'.repeat(shift)}${letters.repeat(200)}HERE${letters.repeat(200)}`;
      const [match] = await search(line, 'HERE');
      expect(match?.line).toContain('HERE');
      expect(match?.line).not.toContain('\\x');
      expect(line).toContain(match?.line);
      expect(Buffer.from(line).indexOf(match?.line ?? '')).toBeLessThanOrEqual(match?.offset ?? -1);
      const at = Buffer.from(line).subarray(match?.offset).toString();
      expect(at.startsWith(match?.line ?? 'none')).toBe(true);
    }
  });
});

test.each([
  ['a short line', 'one\nthe HERE\ntwo\n', [{ offset: 4, line: 'the HERE' }]],
  [
    'bytes that are no UTF-8 at both ends of a line',
    Buffer.from('a\n\x80HERE\xe6\nb', 'latin1'),
    [{ offset: 2, line: String.raw`\x80HERE\xe6` }],
  ],
  [
    'the last line, which has no end',
    Buffer.from('HERE\xe6', 'latin1'),
    [{ offset: 0, line: String.raw`HERE\xe6` }],
  ],
] as const)('%s is shown whole', async (_title, output, matches) => {
  expect(await search(Buffer.from(output), 'HERE')).toEqual(matches);
});
