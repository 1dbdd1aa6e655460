import { chmod, mkdir, readlink, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isLong } from '../harness/is-long.ts';
import { createRandom } from '../harness/random.ts';
import { seed } from '../harness/seed.ts';
import { expectFileError, type Pair, startSiteWithRelay, writeFiles } from './cp-site.ts';
import { listTree } from './list-tree.ts';
import { kibi, makeBytes, mebi } from './seeded-file.ts';
import { forFile } from '../harness/for-file.ts';

// Folders with -r, in both directions.

const site = forFile('the site', startSiteWithRelay);

const ways = [
  ['up', ({ here, there }: Pair) => ({ from: here, to: there, source: here, target: `:${there}` })],
  ['down', ({ here, there }: Pair) => ({ from: there, to: here, source: `:${there}`, target: here })],
] as const;

/** Creates a small tree with nested and empty folders, symlinks, a hidden file and several modes. */
async function plant(folder: string): Promise<void> {
  await mkdir(join(folder, 'a/b/c/d'), { recursive: true });
  await mkdir(join(folder, 'empty'));
  await mkdir(join(folder, 'a/also empty'));
  await writeFiles(folder, {
    top: 'top',
    '.hidden': 'h',
    'a/b/c/d/deep': makeBytes(100 * kibi),
    nothing: '',
  });
  await symlink('top', join(folder, 'to-file'));
  await symlink('a/b', join(folder, 'to-folder'));
  await symlink('../top', join(folder, 'a/upwards'));
  await symlink('no such thing', join(folder, 'dangling'));
  await writeFile(join(folder, 'tool'), '#!/bin/sh\n');
  await chmod(join(folder, 'tool'), 0o755);
  await chmod(join(folder, 'top'), 0o600);
}

describe.each(ways)('%s', (_way, choose) => {
  const setUp = async () => {
    const way = choose(await site.makePair());
    await mkdir(join(way.from, 'tree'));
    await plant(join(way.from, 'tree'));
    return way;
  };

  test('-r to a new name: keeps nested and empty folders, symlinks and modes', async () => {
    const { from, to, source, target } = await setUp();
    const report = await site.cpWell(['-r', `${source}/tree`, `${target}/copy`]);
    expect(report).toMatchObject({ files: 5, verified: true });
    const withModes = { mode: true };
    expect(await listTree(join(to, 'copy'), withModes)).toEqual(
      await listTree(join(from, 'tree'), withModes),
    );
    expect(await listTree(to)).toHaveLength((await listTree(from)).length);
    expect(await site.listSpool()).toEqual([]);
  });

  test('-r to an existing folder: the copy goes into it, beside its other files', async () => {
    const { from, to, source, target } = await setUp();
    await mkdir(join(to, 'old'));
    await writeFiles(to, { 'old/kept': 'kept' });
    await site.cpWell(['-r', `${source}/tree`, `${target}/old`]);
    expect(await listTree(join(to, 'old/tree'))).toEqual(await listTree(join(from, 'tree')));
    expect(await listTree(to)).toContainEqual(expect.stringMatching(/^old\/kept 4 bytes/));
  });

  test('-r twice: files are replaced, and files that are not in the source stay', async () => {
    const { from, to, source, target } = await setUp();
    await site.cpWell(['-r', `${source}/tree`, target]);
    await writeFiles(to, { 'tree/a/extra': 'extra', 'tree/top': 'changed and longer' });
    await site.cpWell(['-r', `${source}/tree`, target]);
    const extra = expect.stringMatching(/^tree\/a\/extra 5 bytes/);
    const copied = await listTree(to);
    expect(copied).toContainEqual(extra);
    expect(copied.filter((line) => !line.startsWith('tree/a/extra'))).toEqual(await listTree(from));
  });

  test('-r with `/.` at the end of the source: its content is merged into the target', async () => {
    const { from, to, source, target } = await setUp();
    await site.cpWell(['-r', `${source}/tree/.`, target]);
    expect(await listTree(to)).toEqual(await listTree(join(from, 'tree')));
  });

  test('-r with a slash at the end of the source: the same as without', async () => {
    const { from, to, source, target } = await setUp();
    await site.cpWell(['-r', `${source}/tree/`, target]);
    expect(await listTree(to)).toEqual(await listTree(from));
  });

  test('-rp: modes and mtimes of files and folders are kept', async () => {
    const { from, to, source, target } = await setUp();
    const then = new Date('2011-11-11T11:11:11Z');
    await chmod(join(from, 'tree/a'), 0o700);
    await chmod(join(from, 'tree/tool'), 0o777);
    for (const name of ['a/b/c/d/deep', 'top', 'a/b', 'a', '.'])
      await utimes(join(from, 'tree', name), then, then);
    await site.cpWell(['-rp', `${source}/tree`, `${target}/copy`]);
    const options = { mode: true, mtime: true };
    expect(await listTree(join(to, 'copy'), options)).toEqual(await listTree(join(from, 'tree'), options));
  });

  test('-r with a folder and files in one command: all are copied', async () => {
    const { from, to, source, target } = await setUp();
    await writeFiles(from, { one: '1', two: '22' });
    await site.cpWell(['-r', `${source}/one`, `${source}/tree`, `${source}/two`, target]);
    expect(await listTree(to)).toEqual(await listTree(from));
  });

  test('-r onto an existing file: exit 1 with its name, the file stays', async () => {
    const { to, source, target } = await setUp();
    await writeFiles(to, { file: 'old' });
    expectFileError(await site.cp(['-r', `${source}/tree`, `${target}/file`]), /file/);
    expect(await listTree(to)).toEqual([expect.stringMatching(/^file 3 bytes/)]);
  });

  test('a folder of the source where the target has a file: exit 1 with its name, the file stays', async () => {
    const { to, source, target } = await setUp();
    await mkdir(join(to, 'tree'));
    await writeFiles(to, { 'tree/a': 'a file' });
    expectFileError(await site.cp(['-r', `${source}/tree`, target]), /tree\/a\b/);
    expect(await listTree(to)).toContainEqual(expect.stringMatching(/^tree\/a 6 bytes/));
  });

  test('the target contains a link to a folder outside of it: every file is copied, or an error names the link', async () => {
    const { from, to, source, target } = await setUp();
    await mkdir(join(to, 'elsewhere'));
    await mkdir(join(to, 'tree'));
    await symlink('../elsewhere', join(to, 'tree/a'));
    const result = await site.cp(['-r', `${source}/tree`, target]);
    // cp follows a link to a folder or refuses it; tar replaces it. None of these loses a byte of the source.
    if (result.exitCode === 0) {
      const copied = await listTree(to);
      const deep = (await listTree(from)).find((line) => line.includes('deep'));
      expect(copied.some((line) => line.endsWith(deep?.replace('tree/a', '') ?? 'none'))).toBe(true);
    } else expectFileError(result, /tree\/a/);
  });

  test('a file larger than one piece, and many small files: all arrive', { timeout: 120_000 }, async () => {
    const { from, to, source, target } = await setUp();
    const count = isLong ? 10_000 : 500;
    const random = createRandom(seed);
    for (let at = 0; at < count; at++) {
      const folder = join(from, 'tree', `d${at % 37}`);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, `f${at}`), makeBytes(random.below(600), String(at)));
    }
    await writeFile(join(from, 'tree/large'), makeBytes(9 * mebi));
    const report = await site.cpWell(['-r', `${source}/tree`, target], { deadlineMs: 110_000 });
    expect(report).toMatchObject({ files: count + 6, verified: true });
    expect(await listTree(to)).toEqual(await listTree(from));
  });
});

test('-r of a single file, and of a symlink: as with cp', async () => {
  const { here, there } = await site.makePair();
  await writeFiles(here, { data: 'x' });
  await symlink('data', join(here, 'link'));
  await site.cpWell(['-r', join(here, 'data'), `:${there}/copy`]);
  expect(await listTree(there)).toEqual([expect.stringMatching(/^copy 1 bytes/)]);
  await site.cpWell(['-r', join(here, 'link'), `:${there}`]);
  // GNU cp copies the link, scp the file behind it.
  expect(await readlink(join(there, 'link')).catch(() => 'a file')).toMatch(/^(data|a file)$/);
});

test('an upload whose list is too long for one script: all arrives', { timeout: 90_000 }, async () => {
  const { here, there } = await site.makePair();
  await mkdir(join(here, 'links'));
  for (let at = 0; at < 400; at++)
    await symlink(`${'long/'.repeat(700)}${at}`, join(here, 'links', `link-${at}`));
  await writeFiles(here, { 'links/file': 'x' });
  await site.cpWell(['-r', join(here, 'links'), `:${there}`]);
  expect(await listTree(there)).toEqual(await listTree(here));
});

test('an empty folder, up and down: the folder is created', async () => {
  const { here, there } = await site.makePair();
  await mkdir(join(here, 'empty'));
  expect(await site.cpWell(['-r', join(here, 'empty'), `:${there}`])).toMatchObject({ files: 0, bytes: 0 });
  await site.cpWell(['-r', `:${there}/empty`, join(here, 'back')]);
  expect(await listTree(here)).toEqual(['back folder', 'empty folder']);
});
