import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isLong } from '../harness/is-long.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { startSite } from './cp-site.ts';
import { listTree } from './list-tree.ts';
import { hashFile, mebi, writeSeededFile } from './seeded-file.ts';
import { addFake } from './tools.ts';
import { forTest } from '../harness/for-test.ts';

// cp of a file that is larger than the relay's quota for a session.

const [quotaBytes, size] = isLong ? [64 * mebi, 200 * mebi] : [8 * mebi, 24 * mebi];
const quota = `${quotaBytes / mebi}m`;

describe.each([
  ['files', undefined],
  ['memory', 'memory:'],
])(`a session quota of ${quota}, stored in %s`, { timeout: 120_000 }, (_title, store) => {
  async function setUp(env: Record<string, string> = {}) {
    const flags = ['--session-quota', quota];
    const relay = await forTest(startRelay(store === undefined ? { flags } : { flags, store }));
    const site = await forTest(startSite(relay, { env }));
    return { site, ...(await site.makePair()) };
  }

  test(`${size / mebi} MiB up: arrives complete`, async () => {
    const { site, here, there } = await setUp();
    const sha256 = await writeSeededFile(join(here, 'large'), size);
    await site.cpWell([join(here, 'large'), `:${there}`], { deadlineMs: 100_000 });
    expect(await hashFile(join(there, 'large'))).toBe(sha256);
    expect(await listTree(there)).toHaveLength(1);
  });

  test(`${size / mebi} MiB down: arrives complete`, async () => {
    const { site, here, there } = await setUp();
    const sha256 = await writeSeededFile(join(there, 'large'), size);
    await site.cpWell([`:${there}/large`, here], { deadlineMs: 100_000 });
    expect(await hashFile(join(here, 'large'))).toBe(sha256);
    expect(await listTree(here)).toHaveLength(1);
  });

  test('slow hashing on the remote: the command ends when the relay stores no more, and the copy continues', async () => {
    const bin = await forTest(makeTemporaryFolder());
    const isLarge = 'case "$(readlink /proc/self/fd/0)" in */large) sleep 4 ;; esac';
    await addFake(bin.path, 'sha256sum', `${isLarge}\nexec "$REAL" "$@"`);
    const { site, here, there } = await setUp({ PATH: [bin.path, process.env['PATH']].join(delimiter) });
    const sha256 = await writeSeededFile(join(there, 'large'), quotaBytes * 1.5);
    const { stderr, exitCode } = await site.cp([`:${there}/large`, here], { deadlineMs: 100_000 });
    expect(stderr).toContain('the relay stores no more of this command: continuing at ');
    expect(exitCode).toBe(0);
    expect(await hashFile(join(here, 'large'))).toBe(sha256);
    expect(await listTree(here)).toHaveLength(1);
  });
});
