import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Journal, type JournalOptions } from '../../src/store/journal.ts';
import type { Entry } from '../../src/store/journal-lines.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { openNumbers, readEnds } from './journal-kit.ts';
import { forTest } from '../harness/for-test.ts';

async function makePath(): Promise<string> {
  const folder = await forTest(makeTemporaryFolder());
  return join(folder.path, 'journal');
}

test.each(['process', 'power'] as const)(
  '1,000 simultaneous appends with durability %s: all entries are complete and in order',
  async (durability) => {
    const path = await makePath();
    const { journal, taken } = await openNumbers(path, { durability });
    const entries = Array.from({ length: 1_000 }, (_, number) => ({ number, text: 'ö'.repeat(number % 50) }));
    await Promise.all(entries.map((entry) => journal.append([entry], () => taken.push(entry))));
    expect(taken).toEqual(entries);
    expect((await openNumbers(path)).taken).toEqual(entries);
  },
);

test('a journal that is much larger than its snapshot is rewritten while it is in use', async () => {
  const path = await makePath();
  const kept = new Map<unknown, Entry>();
  const options: JournalOptions = {
    path,
    durability: 'process',
    snapshot: () => kept.values(),
    countSnapshot: () => kept.size,
    warn: (line) => expect.fail(line),
  };
  const journal = await Journal.open(options, () => undefined);
  const padding = 'x'.repeat(20_000);
  for (let round = 0; round < 100; round += 1) {
    await Promise.all(
      Array.from({ length: 10 }, (_, id) => {
        const entry = { id, round, padding };
        return journal.append([entry], () => kept.set(id, entry));
      }),
    );
  }
  // 20 MB were written; ten entries are 0.2 MB.
  expect((await stat(path)).size).toBeLessThan(10 * 1024 * 1024);
  const latest = new Map<unknown, Entry>();
  await Journal.open(options, (entry) => latest.set(entry['id'], entry));
  expect([...latest.values()]).toEqual([...kept.values()]);
});

test('a journal that cannot be rewritten: appends continue, with a warning', async () => {
  const path = await makePath();
  const { journal, taken, warnings } = await openNumbers(path);
  await mkdir(`${path}.new`);
  const text = 'x'.repeat(1024 * 1024);
  for (let number = 0; number < 10; number += 1) {
    const entry = { number, text };
    await journal.append([entry], () => taken.push(entry));
  }
  expect(warnings).toEqual(['cannot compact the journal; continuing with the long one']);
  expect((await readEnds(path)).length).toBe(10);
});

test('a large journal at the start: it is rewritten only if that removes more than half of its entries', async () => {
  const path = await makePath();
  const { journal, taken } = await openNumbers(path);
  const text = 'x'.repeat(1024 * 1024);
  for (let number = 0; number < 9; number += 1) {
    const entry = { number: number % 3, text };
    await journal.append([entry], () => taken.push(entry));
  }
  await journal.close();
  const openWith = async (entries: number): Promise<number> => {
    const kept = taken.slice(-entries);
    await Journal.open(
      {
        path,
        durability: 'process',
        snapshot: () => kept,
        countSnapshot: () => kept.length,
        warn: (line) => expect.fail(line),
      },
      () => undefined,
    );
    return (await readEnds(path)).length;
  };
  expect(await openWith(5)).toBe(9);
  expect(await openWith(3)).toBe(3);
});
