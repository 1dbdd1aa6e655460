import { appendFile, readdir, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { setUpCut } from './cut-site.ts';
import { hashFile, mebi } from './seeded-file.ts';

// The source changes while it is read: a proxy on the side of the source holds the copy in the middle.

const size = 32 * mebi;

describe.each([
  ['up', 'client'],
  ['down', 'listener'],
] as const)('%s', { timeout: 90_000 }, (way, behind) => {
  test.each([
    ['grows', (path: string) => appendFile(path, 'more')],
    ['shrinks', (path: string) => truncate(path, size / 4)],
    ['vanishes', (path: string) => unlink(path)],
  ])('the source %s: exit 1 with its name, or a copy of the old or new content', async (_title, change) => {
    const { proxy, source, sha256, to, startToMiddle, ended } = await setUpCut(way, {
      size,
      deadlineMs: 60_000,
      behind,
    });
    const cp = await startToMiddle();
    await change(source);
    proxy.open();
    const { code } = await ended(cp);
    if (code === 0) {
      const now = await hashFile(source).catch(() => sha256);
      expect([sha256, now]).toContain(await hashFile(join(to, 'large')));
    } else {
      expect(code, cp.stderr()).toBe(1);
      expect(cp.stderr() + cp.stdout().toString()).toContain('large');
      expect(await readdir(to)).not.toContain('large');
    }
  });
});
