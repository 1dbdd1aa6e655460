import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { baseName, parsePlaces, remoteBaseName } from '../../src/cli/cp/places.ts';
import { commentText, quoteName, quoteRemotePath } from '../../src/cli/cp/shell-words.ts';
import { Failure } from '../../src/cli/failure.ts';
import { formatSize } from '../../src/text/sizes.ts';

/** The bytes that bash expands a word to. */
const expand = (word: string, env: Record<string, string> = {}): Buffer =>
  execFileSync('bash', ['-c', `printf %s ${word}`], { env: { ...env, LC_ALL: 'C.UTF-8' } });

describe('paths on the command line', () => {
  test('a leading colon marks a path on the remote, and the last path decides the direction', () => {
    expect(parsePlaces(['a', 'b', ':'])).toEqual({ direction: 'up', sources: ['a', 'b'], target: '' });
    expect(parsePlaces([':~/a', ':b', '.'])).toEqual({
      direction: 'down',
      sources: ['~/a', 'b'],
      target: '.',
    });
    expect(parsePlaces(['./:a', ':b'])).toEqual({ direction: 'up', sources: ['./:a'], target: 'b' });
    expect(parsePlaces(['a:b', ':c'])).toEqual({ direction: 'up', sources: ['a:b'], target: 'c' });
  });

  test.each([
    [[]],
    [['a']],
    [['a', 'b']],
    [[':a', ':b']],
    [['a', ':b', ':c']],
    [[':a', 'b', 'c']],
    [['', ':b']],
  ])('the paths %j are no copy between client and remote: exit status 2 with a hint', (words) => {
    expect(() => parsePlaces(words)).toThrow(Failure);
    try {
      parsePlaces(words);
    } catch (error) {
      expect(error).toMatchObject({ exitCode: 2, code: 'usage', hint: expect.any(String) });
    }
  });

  test.each([
    ['a', 'a'],
    ['a/b', 'b'],
    ['a/b//', 'b'],
    ['/', '.'],
    ['..', '.'],
    ['a/.', '.'],
    ['a/..', '.'],
    ['~x', '~x'],
  ])('the base name of %s is %s', (path, name) => {
    expect(baseName(path)).toBe(name);
  });

  test('the home directory of the remote has no base name', () => {
    expect([remoteBaseName('~'), remoteBaseName('~root/'), remoteBaseName('~/x')]).toEqual(['.', '.', 'x']);
  });
});

describe('quoting in the script', () => {
  const names = [
    Buffer.from('plain.txt'),
    Buffer.from("it's"),
    Buffer.from('a b*?[x]$HOME`id`"\\!~'),
    Buffer.from('new\nline\ttab\r'),
    Buffer.from('-rf'),
    Buffer.from('Größe ノート'),
    Buffer.from('left\u202eright\u200b'),
    Buffer.from('blank\u3164letters\uffa0\u115f\u1160'),
    Buffer.from([0xff, 0x27, 0x5c, 0x31, 0x80, 0x41]),
    Buffer.from('\x1b[2J\x07'),
  ];

  test.each(names)('a name of any bytes arrives unchanged: %s', (name) => {
    expect(expand(quoteName(name)).equals(name)).toBe(true);
  });

  test('a name of every byte but NUL and slash arrives unchanged', () => {
    const name = Buffer.from(Array.from({ length: 255 }, (_, at) => at + 1).filter((byte) => byte !== 0x2f));
    expect(expand(quoteName(name)).equals(name)).toBe(true);
  });

  test('invisible and control characters are escaped, letters stay readable', () => {
    expect(quoteName(Buffer.from('Größe ノート'))).toBe("'Größe ノート'");
    for (const name of names) {
      expect(quoteName(name)).toMatch(/^[\p{L}\p{N} -~]+$/u);
      expect(quoteName(name)).not.toMatch(/\p{Default_Ignorable_Code_Point}/u);
    }
  });

  test.each([
    ['', '.'],
    ['/etc/x y', '/etc/x y'],
    ['-rf', './-rf'],
    ['a/b', './a/b'],
    ['~', '/home/me'],
    ['~/x y', '/home/me/x y'],
    ['~/$(id)', '/home/me/$(id)'],
    ['a~b', './a~b'],
    ['~no$(id)/x', './~no$(id)/x'],
  ])('the remote path "%s" expands to %s', (path, there) => {
    expect(expand(quoteRemotePath(path), { HOME: '/home/me' }).toString()).toBe(there);
  });

  test('the comment of a script is one line', () => {
    expect(commentText('a\nrm -rf /\r\x1b', 100)).toBe('a?rm -rf /??');
    expect(commentText('x'.repeat(300), 100)).toHaveLength(100);
  });
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [12_345_678, '12.3 MB'],
  [5e12, '5.0 TB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});
