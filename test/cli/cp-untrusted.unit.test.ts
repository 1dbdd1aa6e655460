import { describe, expect, test } from 'vitest';
import { parseFile } from '../../src/cli/cp/remote-file.ts';
import { checkName } from '../../src/cli/cp/safe-names.ts';
import { readTransferLine, transferLine } from '../../src/cli/cp/script-parts.ts';
import { findHash, readFailure, StatusLines } from '../../src/cli/cp/status-lines.ts';

const rules = { tops: ['tree'], as: '', id: '0123456789abcdef' };
const parts = (name: string | Buffer, given = rules): string =>
  checkName(Buffer.from(name), given)
    .map((part) => part.toString('latin1'))
    .join('|');

describe('names in an archive from the remote', () => {
  test('a name below the requested source: split into parts, without dots and doubled slashes', () => {
    expect(parts('./tree/')).toBe('tree');
    expect(parts('tree//a/./b')).toBe('tree|a|b');
    expect(parts('./tree/x', { ...rules, as: 'other' })).toBe('other|x');
    expect(parts('./', { ...rules, tops: ['.'] })).toBe('');
    expect(parts('./a', { ...rules, tops: ['.'] })).toBe('a');
    expect(parts('./a', { ...rules, tops: ['.'], as: 'new' })).toBe('new|a');
    expect(parts(Buffer.from([0x74, 0x72, 0x65, 0x65, 0x2f, 0xe9]))).toBe('tree|\xe9');
  });

  test.each([
    '',
    '.',
    '/etc/passwd',
    '../x',
    'tree/../../x',
    'tree/..',
    'other/x',
    'Tree/x',
    'tree/a\0b',
    'tree/.remotify-part-0123456789abcdef',
    'tree/.remotify-part-0123456789abcdef.file',
  ])('the name %j: refused', (name) => {
    expect(() => parts(name)).toThrow(/refused/);
  });
});

describe('status lines of the remote script', () => {
  const read = (...chunks: (string | Buffer)[]): { said: string[]; words: string[]; dropped: number } => {
    const said: string[] = [];
    const lines = new StatusLines({ onStatus: (words) => void said.push(words) });
    for (const chunk of chunks) lines.push(Buffer.from(chunk));
    lines.end();
    return { said, words: lines.words, dropped: lines.dropped };
  };

  test('status lines and stderr lines of programs, split at any byte: told apart', () => {
    expect(read('remotify-cp ha', 've 12\ntar: bad\nremotify-cp verified')).toEqual({
      said: ['have 12', 'verified'],
      words: ['tar: bad'],
      dropped: 0,
    });
  });

  test('endless lines, and too many lines: truncated and dropped', () => {
    const { words, dropped } = read('x'.repeat(1_000_000), '\n', 'word\n'.repeat(1000));
    expect(words).toHaveLength(20);
    expect(Math.max(...words.map((line) => line.length))).toBe(300);
    expect(dropped).toBe(981);
  });

  test('the output of each hash tool: 64 hex digits are found, anything else is ignored', () => {
    const hash = 'a1'.repeat(32);
    for (const text of [`sum ${hash}  -`, `sum SHA2-256(stdin)= ${hash}`, `sum ${hash} *stdin`])
      expect(findHash(text)).toBe(hash);
    for (const text of ['sum', `sum ${hash}a`, `sum ${hash.slice(1)}`, 'sum no hash today'])
      expect(findHash(text)).toBeUndefined();
  });

  test('a failure line: it names the remote, the added ./ is removed, and long text is truncated', () => {
    expect(readFailure('failed ./a: no such file')).toBe('on the remote: a: no such file');
    expect(readFailure(`stopped ${'x'.repeat(5000)}`)).toHaveLength('on the remote: '.length + 1000);
    expect(readFailure('have 12')).toBeUndefined();
  });

  test.each([
    ['file 0 12 644 1700000000 2023-11-14 22:13:20.500000000 +0000', { mode: 0o644, time: 1_700_000_000.5 }],
    ['file 0 12 755 1700000000.25', { mode: 0o755, time: 1_700_000_000.25 }],
    ['file 0 12 600 -14182940 1969-07-20 20:17:40.000000000 +0000', { mode: 0o600, time: -14_182_940 }],
    ['file 0 12 ', { mode: 0o644, time: undefined }],
  ])('the line "%s": parsed', (line, expected) => {
    expect(parseFile(line, 1)).toEqual({ index: 0, size: 12, ...expected });
  });

  test.each([
    'file 1 12 644 1',
    'file -1 12',
    'file 0 -5',
    'file 0 9999999999999999999',
    'file 0 words',
    'sum',
  ])('the line "%s": not a requested file, ignored', (line) => {
    expect(parseFile(line, 1)).toBeUndefined();
  });

  test('the id of a transfer: read only from a line of its own in the script', () => {
    const line = transferLine('0123456789abcdef', 42);
    expect(readTransferLine(`# remotify cp: read x\n${line}\nlist=(`)).toEqual({
      id: '0123456789abcdef',
      from: 42,
    });
    for (const text of [null, '', `echo '${line}'`, line.slice(0, 20)])
      expect(readTransferLine(text)).toBeUndefined();
  });
});
