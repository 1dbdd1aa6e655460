import { chmod, mkdir, readdir, readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findProgram } from '../harness/find-program.ts';
import { expectFileError, startSite, writeFiles } from './cp-site.ts';
import { listTree } from './list-tree.ts';
import { hashFile, mebi, writeSeededFile } from './seeded-file.ts';
import { hasBusybox, makeBusyboxFolder, makeToolFolder, neededTools, usualTools } from './tools.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// cp to and from remotes that have few tools.

const relay = useRelay();

async function setUp(path: string) {
  const site = await forTest(startSite(relay, { env: { PATH: path } }));
  return { site, ...(await site.makePair()) };
}

describe.skipIf(!hasBusybox)(`busybox alone${hasBusybox ? '' : ' (busybox is missing)'}`, () => {
  test('a file up and down with -p: bytes, mode and mtime are kept', async () => {
    const { site, here, there } = await setUp(await makeBusyboxFolder());
    const sha256 = await writeSeededFile(join(here, 'data'), 2 * mebi + 1);
    await chmod(join(here, 'data'), 0o640);
    const then = new Date('2001-09-09T01:46:40Z');
    await utimes(join(here, 'data'), then, then);
    expect(await site.cpWell(['-p', join(here, 'data'), `:${there}`])).toMatchObject({
      verified: true,
      sha256,
    });
    await site.cpWell(['-p', `:${there}/data`, join(here, 'back')]);
    for (const path of [join(there, 'data'), join(here, 'back')]) {
      expect(await hashFile(path)).toBe(sha256);
      expect((await stat(path)).mode & 0o777).toBe(0o640);
      expect((await stat(path)).mtime).toEqual(then);
    }
    expect(await readdir(there)).toEqual(['data']);
  });

  test('a folder up and down: the same tree', async () => {
    const { site, here, there } = await setUp(await makeBusyboxFolder());
    await mkdir(join(here, 'tree/empty'), { recursive: true });
    await mkdir(join(here, 'tree/sub'));
    await writeFiles(join(here, 'tree'), { [`it's a "name"`]: 'x', 'sub/deep': 'y', zero: '' });
    await site.cpWell(['-r', join(here, 'tree'), `:${there}`]);
    expect(await listTree(there)).toEqual(await listTree(here));
    await site.cpWell(['-r', `:${there}/tree`, join(here, 'back')]);
    expect(await listTree(join(here, 'back'))).toEqual(await listTree(join(here, 'tree')));
  });

  test('without tar: files are copied up and down; -r succeeds, or its error names tar', async () => {
    const { site, here, there } = await setUp(await makeBusyboxFolder(['tar']));
    await writeFiles(here, { a: 'aa', b: 'b' });
    await site.cpWell([join(here, 'a'), join(here, 'b'), `:${there}`]);
    expect(await listTree(there)).toEqual(await listTree(here));
    await mkdir(join(here, 'back'));
    await site.cpWell([`:${there}/a`, `:${there}/b`, join(here, 'back')]);
    expect(await listTree(join(here, 'back'))).toEqual(await listTree(there));
    const result = await site.cp(['-r', here, `:${there}/copy`]);
    if (result.exitCode !== 0) expectFileError(result, /\btar\b/);
    const down = await site.cp(['-r', `:${there}`, join(here, 'copy')]);
    if (down.exitCode !== 0) expectFileError(down, /\btar\b/);
  });
});

describe('hashes', () => {
  test.each([
    ['sha256sum', true],
    ['shasum', true],
    ['openssl', true],
    ['none', false],
  ])('hash tool %s: verified is %s', async (tool, verified) => {
    // shasum is a perl script, so perl is added below.
    if (tool !== 'none' && findProgram(tool) === undefined) return;
    const path = await makeToolFolder([
      ...usualTools,
      'tar',
      'gzip',
      ...(tool === 'none' ? [] : [tool, 'perl']),
    ]);
    const { site, here, there } = await setUp(path);
    const sha256 = await writeSeededFile(join(here, 'data'), mebi);
    const up = await site.cpWell([join(here, 'data'), `:${there}`]);
    expect(up).toMatchObject({ bytes: mebi, verified });
    expect(await hashFile(join(there, 'data'))).toBe(sha256);
    const down = await site.cpWell([`:${there}/data`, join(here, 'back')]);
    expect(down).toMatchObject({ bytes: mebi, verified });
    expect(await hashFile(join(here, 'back'))).toBe(sha256);
    const { stderr } = await site.cp([`:${there}/data`, join(here, 'back')]);
    if (verified) expect(stderr).not.toMatch(/not (compared|verified|checked)/i);
    else expect(stderr).toMatch(/sha256sum/);
  });
});

describe('the fewest tools', () => {
  test('the tools of the runner, mv, chmod and mkdir: a file is copied up and down', async () => {
    const { site, here, there } = await setUp(await makeToolFolder([...neededTools, 'mv', 'chmod', 'mkdir']));
    await writeFiles(here, { data: 'bytes\0' });
    await site.cpWell([join(here, 'data'), `:${there}`]);
    expect(await readFile(join(there, 'data'), 'utf8')).toBe('bytes\0');
    await site.cpWell([`:${there}/data`, join(here, 'back')]);
    expect(await readFile(join(here, 'back'), 'utf8')).toBe('bytes\0');
  });

  test('only the tools of the runner: download works; upload works, or names the missing tool and writes nothing', async () => {
    const { site, here, there } = await setUp(await makeToolFolder(neededTools));
    await writeFiles(there, { data: 'bytes' });
    await site.cpWell([`:${there}/data`, join(here, 'back')]);
    expect(await readFile(join(here, 'back'), 'utf8')).toBe('bytes');
    const up = await site.cp([join(here, 'back'), `:${there}`]);
    if (up.exitCode === 0) expect(await readFile(join(there, 'back'), 'utf8')).toBe('bytes');
    else {
      expectFileError(up, /\b(mv|chmod|mkdir)\b/);
      expect(await readdir(there)).toEqual(['data']);
    }
  });
});

test('CDPATH, TAR_OPTIONS and similar variables on the remote: cp -r ignores them', async () => {
  const { site, here, there } = await (async () => {
    const own = await forTest(
      startSite(relay, {
        env: {
          CDPATH: '/tmp',
          GREP_OPTIONS: '-v',
          TAR_OPTIONS: '--exclude=*',
          POSIXLY_CORRECT: '1',
          LC_ALL: 'C',
        },
      }),
    );
    return { site: own, ...(await own.makePair()) };
  })();
  await mkdir(join(here, 'tree'));
  await writeFiles(join(here, 'tree'), { a: 'a', über: 'b' });
  await site.cpWell(['-r', join(here, 'tree'), `:${there}`]);
  expect(await listTree(there)).toEqual(await listTree(here));
  await site.cpWell(['-r', `:${there}/tree`, join(here, 'back')]);
  expect(await listTree(join(here, 'back'))).toEqual(await listTree(join(here, 'tree')));
});
