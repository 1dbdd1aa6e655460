import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isLong } from '../harness/is-long.ts';
import { startRelay } from '../harness/relay-process.ts';
import { startSite } from './cp-site.ts';
import { listTree } from './list-tree.ts';
import { hashFile, mebi, writeSeededFile } from './seeded-file.ts';

// A file that is larger than what the relay keeps of a session.

const [quota, size] = isLong ? ['64m', 200 * mebi] : ['8m', 24 * mebi];

describe.each([
  ['files', undefined],
  ['memory', 'memory:'],
])(`a relay that keeps ${quota} of a session in %s`, { timeout: 120_000 }, (_title, store) => {
  async function setUp() {
    const flags = ['--session-quota', quota];
    const relay = await startRelay(store === undefined ? { flags } : { flags, store });
    onTestFinished(relay.stop);
    const site = await startSite(relay);
    onTestFinished(site.stop);
    return { site, ...(await site.makePair()) };
  }

  test(`${size / mebi} MiB up: whole`, async () => {
    const { site, here, there } = await setUp();
    const sha256 = await writeSeededFile(join(here, 'large'), size);
    await site.cpWell([join(here, 'large'), `:${there}`], { deadlineMs: 100_000 });
    expect(await hashFile(join(there, 'large'))).toBe(sha256);
    expect(await listTree(there)).toHaveLength(1);
  });

  test(`${size / mebi} MiB down: whole`, async () => {
    const { site, here, there } = await setUp();
    const sha256 = await writeSeededFile(join(there, 'large'), size);
    await site.cpWell([`:${there}/large`, here], { deadlineMs: 100_000 });
    expect(await hashFile(join(here, 'large'))).toBe(sha256);
    expect(await listTree(here)).toHaveLength(1);
  });
});
