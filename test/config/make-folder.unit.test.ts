import { mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeFolder as makeForSettings } from '../../src/config/make-folder.ts';
import { makeFolder as makeForStore } from '../../src/store/make-folder.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

// Paths where Node's own recursive mkdir never returns are tested with the real binary only, because a test can kill a process.

async function setUp(): Promise<string> {
  const folder = await forTest(makeTemporaryFolder());
  return folder.path;
}

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe.each([
  ['for the settings', async (path: string) => makeForSettings(path)],
  ['for the store', makeForStore],
])('%s', (_title, makeFolder) => {
  test('umask 0, missing parents: the folder and its parents get mode 0700', async () => {
    const root = await setUp();
    const before = process.umask(0);
    try {
      await makeFolder(join(root, 'a', 'b', 'c'));
    } finally {
      process.umask(before);
    }
    for (const path of ['a', 'a/b', 'a/b/c']) expect(await modeOf(join(root, path)), path).toBe('700');
    expect(await readdir(join(root, 'a', 'b', 'c'))).toEqual([]);
  });

  test('the folder exists: its mode and its files do not change', async () => {
    const root = await setUp();
    const path = join(root, 'a');
    await mkdir(path, { mode: 0o755 });
    await writeFile(join(path, 'file'), 'x');
    const before = await modeOf(path);
    await makeFolder(path);
    expect(await modeOf(path)).toBe(before);
    expect(await readdir(path)).toEqual(['file']);
  });

  test('a path through a symbolic link to a folder: creates the folder there', async () => {
    const root = await setUp();
    await mkdir(join(root, 'real'));
    await symlink('real', join(root, 'link'));
    await makeFolder(join(root, 'link'));
    await makeFolder(join(root, 'link', 'a', 'b'));
    expect(await readdir(join(root, 'real', 'a'))).toEqual(['b']);
  });

  test('a path with double slashes, . and .., and a folder named ...: creates the right folders', async () => {
    const root = await setUp();
    await makeFolder(`${root}//a/./b/../c/...//`);
    expect(await readdir(join(root, 'a'))).toEqual(['b', 'c']);
    expect(await readdir(join(root, 'a', 'c'))).toEqual(['...']);
  });

  test('a thousand missing parents: creates all of them', async () => {
    const root = await setUp();
    const path = join(root, ...Array.from({ length: 1000 }, () => 'd'));
    await makeFolder(path);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  test('the root, and the current folder: no error', async () => {
    await makeFolder('/');
    await makeFolder('.');
  });

  test.each([
    ['a file', 'file', 'EEXIST'],
    ['below a file', 'file/a', 'ENOTDIR'],
    ['far below a file', 'file/a/b/c', 'ENOTDIR'],
    ['below a dangling link', 'nowhere/a', 'EEXIST'],
    ['a dangling link', 'nowhere', 'EEXIST'],
    ['below a link to itself', 'loop/a/b', 'ELOOP'],
    ['a name of 256 characters', 'x'.repeat(256), 'ENAMETOOLONG'],
    ['below a name of 256 characters', `a/${'x'.repeat(256)}/b/c`, 'ENAMETOOLONG'],
    ['a path of 5000 characters', 'x/'.repeat(2500), 'ENAMETOOLONG'],
  ])('%s: throws the system error', async (_what, path, code) => {
    const root = await setUp();
    await writeFile(join(root, 'file'), '');
    await symlink('nothing/there', join(root, 'nowhere'));
    await symlink('loop', join(root, 'loop'));
    await expect(makeFolder(`${root}/${path}`)).rejects.toMatchObject({ code });
  });

  test('an empty path: ENOENT', async () => {
    await expect(makeFolder('')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('makeFolder of the store: the returned path', () => {
  test('is the first folder that was created, as an absolute path; undefined if none was missing', async () => {
    const root = await setUp();
    expect(await makeForStore(join(root, 'a', 'b', 'c'))).toBe(join(root, 'a'));
    expect(await makeForStore(join(root, 'a', 'b', 'd'))).toBe(join(root, 'a', 'b', 'd'));
    expect(await makeForStore(join(root, 'a', 'b'))).toBeUndefined();
    const path = relative(process.cwd(), join(root, 'e', 'f'));
    expect(await makeForStore(path)).toBe(join(root, 'e'));
  });

  test('many calls at once: all folders exist, and no two calls return the same folder', async () => {
    const root = await setUp();
    const names = Array.from({ length: 20 }, (_, index) => `n${index % 10}`);
    const first = await Promise.all(names.map((name) => makeForStore(join(root, 'a', 'b', name))));
    expect((await readdir(join(root, 'a', 'b'))).toSorted()).toEqual([...new Set(names)].toSorted());
    const created = first.filter((path) => path !== undefined);
    expect(new Set(created).size).toBe(created.length);
    expect(created).toContain(join(root, 'a'));
  });
});
