import { chmod, link, lstat, mkdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectFileError, type Pair, startSiteWithRelay, writeFiles } from './cp-site.ts';
import { listTree } from './list-tree.ts';
import { forFile } from '../harness/for-file.ts';

// Targets of uploads and downloads follow the rules of `cp`.

const site = forFile('the site', startSiteWithRelay);

/** Each test runs in both directions: `from` and `to` are folders, `source` and `target` their paths on the command line. */
const ways = [
  ['up', ({ here, there }: Pair) => ({ from: here, to: there, source: here, target: `:${there}` })],
  ['down', ({ here, there }: Pair) => ({ from: there, to: here, source: `:${there}`, target: here })],
] as const;

describe.each(ways)('%s', (_way, choose) => {
  const setUp = async () => choose(await site.makePair());

  test('an existing folder, with or without a final slash: the file goes into it under its own name', async () => {
    const { from, to, source, target } = await setUp();
    await writeFiles(from, { a: 'a', b: 'b' });
    await site.cpWell([`${source}/a`, target]);
    await site.cpWell([`${source}/b`, `${target}/`]);
    expect(await readFile(join(to, 'a'), 'utf8')).toBe('a');
    expect(await readFile(join(to, 'b'), 'utf8')).toBe('b');
  });

  test('several sources and an existing folder: each goes into the folder', async () => {
    const { from, to, source, target } = await setUp();
    await writeFiles(from, { a: '1', b: '22', c: '' });
    const report = await site.cpWell([`${source}/a`, `${source}/b`, `${source}/c`, target]);
    expect(report).toMatchObject({ files: 3, bytes: 3 });
    expect(await listTree(to)).toEqual(await listTree(from));
  });

  test.each([
    ['that is missing', 'none', /none/],
    ['that is a file', 'file', /file/],
  ])('several sources and a target %s: an error, nothing is written', async (_title, name, words) => {
    const { from, to, source, target } = await setUp();
    await writeFiles(from, { a: 'a', b: 'b' });
    await writeFiles(to, { file: 'old' });
    const before = await listTree(to);
    const result = await site.cp([`${source}/a`, `${source}/b`, `${target}/${name}`]);
    // Exit status 2 if it counts as a usage error, else 1.
    expectFileError(result, words, result.exitCode === 2 ? 2 : 1);
    expect(await listTree(to)).toEqual(before);
  });

  test('an existing file, without -p: replaced, its mode stays', async () => {
    const { from, to, source, target } = await setUp();
    await writeFiles(from, { data: 'new' });
    await writeFiles(to, { data: 'old and longer' });
    await chmod(join(to, 'data'), 0o640);
    await site.cpWell([`${source}/data`, `${target}/data`]);
    expect(await readFile(join(to, 'data'), 'utf8')).toBe('new');
    expect((await stat(join(to, 'data'))).mode & 0o777).toBe(0o640);
    expect(await listTree(to)).toHaveLength(1);
  });

  test('a target that is a symlink to a file: the file is replaced, the link stays', async () => {
    const { from, to, source, target } = await setUp();
    await writeFiles(from, { data: 'new' });
    await writeFiles(to, { real: 'old' });
    await symlink('real', join(to, 'link'));
    await site.cpWell([`${source}/data`, `${target}/link`]);
    expect(await readlink(join(to, 'link'))).toBe('real');
    expect(await readFile(join(to, 'real'), 'utf8')).toBe('new');
  });

  test('a target that is a symlink to a folder: the file goes into the folder', async () => {
    const { from, to, source, target } = await setUp();
    await writeFiles(from, { data: 'new' });
    await mkdir(join(to, 'real'));
    await symlink('real', join(to, 'link'));
    await site.cpWell([`${source}/data`, `${target}/link`]);
    expect(await readFile(join(to, 'real/data'), 'utf8')).toBe('new');
    expect(await readlink(join(to, 'link'))).toBe('real');
  });

  test('a source that is a symlink to a file: the bytes of the file are copied', async () => {
    const { from, to, source, target } = await setUp();
    await writeFiles(from, { data: 'bytes' });
    await symlink('data', join(from, 'link'));
    await site.cpWell([`${source}/link`, target]);
    expect((await lstat(join(to, 'link'))).isFile()).toBe(true);
    expect(await readFile(join(to, 'link'), 'utf8')).toBe('bytes');
  });

  test.each([
    ['a parent that is missing', 'data', 'none/data', /none/],
    ['a parent that is a file', 'data', 'file/data', /file/],
    ['a missing name with a slash at its end', 'data', 'none/', /none/],
    ['a source that is missing', 'missing', 'x', /missing/],
    ['a folder without -r', 'folder', 'x', /folder/],
    ['a folder in the way of a file', 'data', 'in-the-way', /in-the-way|data/],
  ])('%s: exit 1 with its name, nothing is written', async (_title, what, where, words) => {
    const { from, to, source, target } = await setUp();
    await writeFiles(from, { data: 'x' });
    await mkdir(join(from, 'folder'));
    await writeFiles(to, { file: 'old' });
    await mkdir(join(to, 'in-the-way/data'), { recursive: true });
    const before = await listTree(to);
    expectFileError(await site.cp([`${source}/${what}`, `${target}/${where}`]), words);
    expect(await listTree(to)).toEqual(before);
  });

  test('one of several sources is missing: exit 1 with its name, the others are complete or absent', async () => {
    const { from, to, source, target } = await setUp();
    await writeFiles(from, { a: 'a', b: 'b' });
    expectFileError(await site.cp([`${source}/a`, `${source}/gone`, `${source}/b`, target]), /gone/);
    const there = (await listTree(to)).map((line) => line.split(' ')[0]);
    expect(['', 'a,b', 'a']).toContain(there.join(','));
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(!isRoot)(
    'a target that is a device or a fifo: not replaced by a file',
    { timeout: 60_000 },
    async () => {
      const { from, to, source, target } = await setUp();
      await writeFiles(from, { data: 'x' });
      expect(spawnSync('mknod', [join(to, 'null'), 'c', '1', '3']).status).toBe(0);
      const result = await site.cp([`${source}/data`, `${target}/null`]);
      expect([0, 1], result.stderr).toContain(result.exitCode);
      expect((await lstat(join(to, 'null'))).isCharacterDevice()).toBe(true);
      expect(spawnSync('mkfifo', [join(to, 'fifo')]).status).toBe(0);
      expectFileError(await site.cp([`${source}/data`, `${target}/fifo`]), /fifo/);
      expect((await lstat(join(to, 'fifo'))).isFIFO()).toBe(true);
    },
  );

  test('a source that is a fifo without a writer: exit 1 with its name, at once', async () => {
    const { from, to, source, target } = await setUp();
    expect(spawnSync('mkfifo', [join(from, 'fifo')]).status).toBe(0);
    expectFileError(await site.cp([`${source}/fifo`, target]), /fifo/);
    expect(await listTree(to)).toEqual([]);
  });

  test('two sources with the same name: an error with the name, or one of the two, never a mixture', async () => {
    const { from, to, source, target } = await setUp();
    await mkdir(join(from, 'sub'));
    await writeFiles(from, { data: 'first' });
    await writeFile(join(from, 'sub/data'), 'second!');
    const result = await site.cp([`${source}/data`, `${source}/sub/data`, target]);
    if (result.exitCode !== 0) expectFileError(result, /data/, result.exitCode === 2 ? 2 : 1);
    const tree = await listTree(to);
    expect(tree.length).toBeLessThanOrEqual(1);
    if (tree.length > 0) expect(['first', 'second!']).toContain(await readFile(join(to, 'data'), 'utf8'));
  });

  test('an existing file with a second hard link: replaced; the other link has the old bytes or the new ones', async () => {
    const { from, to, source, target } = await setUp();
    await writeFiles(from, { data: 'new' });
    await writeFiles(to, { data: 'old' });
    await link(join(to, 'data'), join(to, 'twin'));
    await site.cpWell([`${source}/data`, target]);
    expect(await readFile(join(to, 'data'), 'utf8')).toBe('new');
    expect(['old', 'new']).toContain(await readFile(join(to, 'twin'), 'utf8'));
  });
});

describe('usage errors: exit 2 with a message', () => {
  test.each([
    ['no arguments', []],
    ['one path', ['x']],
    ['no path on the remote', ['/tmp/a', '/tmp/b']],
    ['remote to remote', [':/tmp/a', ':/tmp/b']],
    ['local and remote sources', ['/tmp/a', ':/tmp/b', '/tmp/c']],
    ['an unknown flag', ['--frobnicate', 'x', ':y']],
  ])('usage error: %s', async (_title, args) => {
    const { exitCode, text, stderr } = await site.cp(args);
    expect([exitCode, text]).toEqual([2, '']);
    expect(stderr).toMatch(/^remotify: error: .+/m);
  });
});
