import { describe, expect, test } from 'vitest';
import type { CommandSource } from '../../src/mcp/command-source.ts';
import { searchOutput } from '../../src/mcp/search-output.ts';
import { escapeBytes } from '../../src/text/escape-bytes.ts';

/** A source whose output is complete. */
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

describe('search in a line that is too long', () => {
  test.each([
    ['characters of three bytes', '日本語'],
    ['characters of four bytes', '😀🎉'],
    ['alternating characters of one and two bytes', 'aé'],
  ])('%s: the line is cut between characters, before and after the match', async (_title, letters) => {
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
    'a line with bytes that are not UTF-8 at both ends',
    Buffer.from('a\n\x80HERE\xe6\nb', 'latin1'),
    [{ offset: 2, line: String.raw`\x80HERE\xe6` }],
  ],
  [
    'the last line, without a newline',
    Buffer.from('HERE\xe6', 'latin1'),
    [{ offset: 0, line: String.raw`HERE\xe6` }],
  ],
] as const)('search finds %s: shown whole', async (_title, output, matches) => {
  expect(await search(Buffer.from(output), 'HERE')).toEqual(matches);
});
