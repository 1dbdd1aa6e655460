import { chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { binaryPath } from '../harness/binary.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { withDeadline } from '../harness/deadline.ts';
import { readSession } from '../harness/remote.ts';
import { canMount, mountSmallDisk } from '../store/small-disk.ts';
import { expectFileError, startSite, writeFiles } from './cp-site.ts';
import { listTree } from './list-tree.ts';
import { hashFile, kibi, makeBytes, mebi, writeSeededFile } from './seeded-file.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { forFile } from '../harness/for-file.ts';

// Missing permissions, full and read-only disks, a file size limit, and concurrent copies to one target.

const relay = useRelay();
const site = forFile('the site', () => startSite(relay));

const nobody = 65_534;
const asNobody = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
const canBecomeNobody =
  process.getuid?.() === 0 && spawnSync('setpriv', [...asNobody.slice(1), 'true']).status === 0;

describe.skipIf(!canBecomeNobody)('a listener of an unprivileged user (needs root)', () => {
  async function setUp() {
    const own = await forTest(
      startSite(relay, {
        change: (line) =>
          `export TMPDIR="$WHERE" HOME=/nonexistent; cd /; ${line.replace('| bash', `| ${asNobody.join(' ')} bash`)}`,
        env: { WHERE: site.configDir },
      }),
    );
    const pair = await own.makePair();
    await chmod(join(pair.there, '..'), 0o755);
    await chown(pair.there, nobody, nobody);
    await writeFiles(pair.here, { data: makeBytes(mebi) });
    return { own, ...pair };
  }
  beforeAll(() => chmod(site.configDir, 0o777));

  test('a remote folder without write permission: exit 1 with its name, nothing is written', async () => {
    const { own, here, there } = await setUp();
    await chmod(there, 0o555);
    expectFileError(await own.cp([join(here, 'data'), `:${there}/data`]), /there-1/);
    expect(await readdir(there)).toEqual([]);
  });

  test('a remote file without read permission: exit 1 with its name, no local file', async () => {
    const { own, here, there } = await setUp();
    await writeFiles(there, { secret: 'x' });
    await chmod(join(there, 'secret'), 0o600);
    expectFileError(await own.cp([`:${there}/secret`, here]), /secret/);
    expect(await readdir(here)).toEqual(['data']);
  });

  test("another user's read-only file as the target: exit 1 with its name, the file stays, as with cp", async () => {
    const { own, here, there } = await setUp();
    await writeFiles(there, { data: 'of root' });
    await chmod(join(there, 'data'), 0o444);
    expectFileError(await own.cp([join(here, 'data'), `:${there}`]), /data/);
    expect(await readFile(join(there, 'data'), 'utf8')).toBe('of root');
    expect(await readdir(there)).toEqual(['data']);
  });

  test('a remote tree with an unreadable folder: exit 1 with the name of the folder', async () => {
    const { own, here, there } = await setUp();
    await mkdir(join(there, 'tree/closed'), { recursive: true });
    await writeFiles(there, { 'tree/open': 'x', 'tree/closed/inside': 'x' });
    await chmod(join(there, 'tree/closed'), 0o700);
    expectFileError(await own.cp(['-r', `:${there}/tree`, join(here, 'tree')]), /closed/);
  });
});

test.skipIf(!canBecomeNobody)(
  'a local folder without write permission: exit 1 with its name (needs root)',
  async () => {
    const { here, there } = await site.makePair();
    await writeFiles(there, { data: 'x' });
    const { url, key } = await readSession(site.configDir);
    const { pid } = process;
    const home = `/tmp/remotify-cp-nobody-${pid}`;
    await mkdir(home);
    onTestFinished(async () => void spawnSync('rm', ['-rf', home]));
    await chown(home, nobody, nobody);
    const env = cleanEnvironment(home, { REMOTIFY_CONFIG_DIR: home, REMOTIFY_URL: url, REMOTIFY_KEY: key });
    const words = [process.execPath, binaryPath, 'cp', `:${there}/data`, `${here}/data`];
    const run = spawnCaptured('setpriv', [...asNobody.slice(1), ...words], { env });
    const { code } = await withDeadline(run.closed, 20_000, 'cp ends');
    const result = {
      exitCode: code,
      stdout: run.stdout(),
      text: run.stdout().toString(),
      stderr: run.stderr(),
    };
    expectFileError(result, /here-\d/);
    expect(await readdir(here)).toEqual([]);
  },
);

describe.skipIf(!canMount)('a disk that is too small (needs mounts)', () => {
  test('a full disk on the remote: exit 1 with the reason, the old file stays intact', async () => {
    const { here } = await site.makePair();
    const disk = await mountSmallDisk(2 * mebi);
    await writeSeededFile(join(here, 'data'), 5 * mebi);
    await writeSeededFile(join(here, 'other'), 5 * mebi);
    await writeFiles(disk.path, { data: 'old' });
    const result = await site.cp([join(here, 'data'), `:${disk.path}`]);
    expectFileError(result, /no space|full/i);
    expect(result.stderr).toContain('data');
    expect(await readFile(join(disk.path, 'data'), 'utf8')).toBe('old');
    expectFileError(await site.cp([join(here, 'other'), `:${disk.path}`]), /no space|full/i);
    expect(await readdir(disk.path)).not.toContain('other');
  });

  test('a full disk on the remote, with -r: exit 1 with the reason, no partial file under a name', async () => {
    const { here } = await site.makePair();
    const disk = await mountSmallDisk(2 * mebi);
    await mkdir(join(here, 'tree'));
    for (let at = 0; at < 8; at++) await writeSeededFile(join(here, 'tree', `f${at}`), 512 * kibi, `${at}`);
    expectFileError(await site.cp(['-r', join(here, 'tree'), `:${disk.path}`]), /no space|full/i);
    const source = await listTree(join(here, 'tree'));
    const files = (await listTree(disk.path)).filter((line) => line.startsWith('tree/'));
    for (const line of files) expect(source).toContain(line.replace('tree/', ''));
  });

  test('a full local disk: exit 1 with the reason, the old file stays intact', async () => {
    const { there } = await site.makePair();
    const disk = await mountSmallDisk(2 * mebi);
    await writeSeededFile(join(there, 'data'), 5 * mebi);
    await writeFiles(disk.path, { data: 'old' });
    expectFileError(await site.cp([`:${there}/data`, disk.path]), /no space|full/i);
    expect(await readFile(join(disk.path, 'data'), 'utf8')).toBe('old');
    expect(await readdir(disk.path)).toEqual(['data']);
  });

  test('a read-only disk on either side: exit 1 with the reason', async () => {
    const { here, there } = await site.makePair();
    const disk = await mountSmallDisk();
    await writeFiles(here, { data: 'x' });
    await writeFiles(there, { data: 'x' });
    await disk.setReadOnly();
    expectFileError(await site.cp([join(here, 'data'), `:${disk.path}/data`]), /read-only/i);
    expectFileError(await site.cp([`:${there}/data`, `${disk.path}/data`]), /read-only/i);
  });
});

test('a file size limit on the remote (ulimit -f): exit 1, the error names the file, and no part of it is left', async () => {
  const own = await forTest(startSite(relay, { change: (line) => `ulimit -f 2048; ${line}` }));
  const { here, there } = await own.makePair();
  await writeSeededFile(join(here, 'data'), 5 * mebi);
  expectFileError(await own.cp([join(here, 'data'), `:${there}`]), /data/);
  expect(await readdir(there)).not.toContain('data');
  // A file within the limit can still be copied.
  await writeFile(join(here, 'small'), 'x');
  await own.cpWell([join(here, 'small'), `:${there}`]);
});

describe('concurrent copies to one target', () => {
  test.each(['up', 'down'])('%s: the target is one of the sources, complete', async (way) => {
    const other = await forTest(startSite(relay));
    const { here, there } = await site.makePair();
    const [from, to] = way === 'up' ? [here, there] : [there, here];
    const mark = (path: string, isThere: boolean) => (isThere ? `:${path}` : path);
    const hashes = [
      await writeSeededFile(join(from, 'one'), 16 * mebi, 'one'),
      await writeSeededFile(join(from, 'two'), 16 * mebi, 'two'),
    ];
    const target = mark(join(to, 'data'), way === 'up');
    const results = await Promise.all([
      site.cp([mark(join(from, 'one'), way === 'down'), target]),
      other.cp([mark(join(from, 'two'), way === 'down'), target]),
      site.cp([mark(join(from, 'one'), way === 'down'), target]),
    ]);
    // The third copy stops the remote command of the first, whose error then names its source.
    for (const result of results) if (result.exitCode !== 0) expectFileError(result, /data|one/);
    expect(results.some(({ exitCode }) => exitCode === 0)).toBe(true);
    expect(hashes).toContain(await hashFile(join(to, 'data')));
    if (results.every(({ exitCode }) => exitCode === 0)) expect(await readdir(to)).toEqual(['data']);
  });
});
