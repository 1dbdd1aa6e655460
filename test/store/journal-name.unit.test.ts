import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import type { Entry } from '../../src/store/journal-lines.ts';
import type * as files from '../../src/store/write-file.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

const disk = { failing: 0, synced: 0 };

vi.doMock('../../src/store/write-file.ts', async (importOriginal) => {
  const original = await importOriginal<typeof files>();
  return {
    ...original,
    syncFolder: async (path: string) => {
      if (disk.failing > 0) {
        disk.failing -= 1;
        throw Object.assign(new Error('no'), { code: 'EIO' });
      }
      await original.syncFolder(path);
      disk.synced += 1;
    },
  };
});

// Other files of this process may have loaded the journal with the real disk.
vi.resetModules();
const { Journal } = await import('../../src/store/journal.ts');
afterAll(() => {
  vi.doUnmock('../../src/store/write-file.ts');
  vi.resetModules();
});

test('the rename of a rewritten journal cannot be synced: appends fail until it is, and no acknowledged entry is lost', async () => {
  const folder = await forTest(makeTemporaryFolder());
  const path = join(folder.path, 'journal');
  const kept: Entry[] = [];
  const journal = await Journal.open(
    {
      path,
      durability: 'power',
      snapshot: () => kept,
      countSnapshot: () => kept.length,
      warn: (line) => expect.fail(line),
    },
    () => undefined,
  );
  const append = async (entry: Entry): Promise<void> => {
    await journal.append([entry], () => kept.splice(0, kept.length, entry));
  };
  await append({ number: 1, text: 'x'.repeat(9 * 1024 * 1024) });
  // The journal was rewritten after that entry. From here on two syncs of the folder fail.
  disk.failing = 2;
  await expect(append({ number: 2 })).rejects.toThrow('no');
  await expect(append({ number: 3 })).rejects.toThrow('no');
  const before = disk.synced;
  await append({ number: 4 });
  expect(disk.synced).toBe(before + 1);
  await append({ number: 5 });
  expect(disk.synced).toBe(before + 1);
  const taken: unknown[] = [];
  await Journal.open(
    {
      path,
      durability: 'process',
      snapshot: () => [],
      countSnapshot: () => 0,
      warn: (line) => expect.fail(line),
    },
    (entry) => taken.push(entry['number']),
  );
  expect(taken).toEqual([1, 4, 5]);
  expect((await readFile(path)).includes(0)).toBe(false);
});
