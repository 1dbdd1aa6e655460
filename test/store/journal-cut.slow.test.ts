import { copyFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Session } from '../../src/session/session.ts';
import { openFileStore } from '../../src/store/file-store.ts';
import { copyAsKilled, makeFolder, open } from './folder-kit.ts';
import { openSessions, readEnds } from './journal-kit.ts';
import { append, count, makeSession, push, readText } from './store-kit.ts';

const { name } = makeSession();

test('a journal truncated at any byte of its last three records: all data acknowledged before is there', {
  timeout: 120_000,
}, async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  const path = join(folder, 'journal');
  await store.create(makeSession());
  await push(store, name, 'echo 1');
  await append(store, name, 'c1', 'stdout', 0, 'one\n');
  /** The acknowledged data at each size of the journal. */
  const states: { size: number; session: Session; output: string }[] = [];
  const note = async (): Promise<void> => {
    const { size } = await stat(path);
    const output = await readText(store, name, 'c1', 'stdout');
    states.push({ size, session: await store.read(name), output });
  };
  await note();
  await push(store, name, 'echo 2');
  await note();
  await append(store, name, 'c1', 'stdout', 4, 'two\n');
  await note();
  await store.update(name, count);
  await note();

  const [first = 0, , , last = 0] = states.map(({ size }) => size);
  expect(await readEnds(path)).toEqual(expect.arrayContaining(states.map(({ size }) => size)));
  const copy = await copyAsKilled(folder);
  const again = await makeFolder();
  for (let size = first; size <= last; size += 1) {
    await copyFile(path, join(copy, 'journal'));
    await truncate(join(copy, 'journal'), size);
    const warnings: string[] = [];
    const warn = (line: string): void => void warnings.push(line);
    const after = await openFileStore(copy, { warn });
    const expected = states.findLast((state) => state.size <= size);
    expect({ at: size, session: await after.read(name) }).toEqual({ at: size, session: expected?.session });
    expect(await readText(after, name, 'c1', 'stdout')).toBe(expected?.output);
    expect((await stat(join(copy, 'journal'))).size).toBe(expected?.size);
    // New entries follow the truncation point, and the next start reads them too.
    await after.update(name, count);
    await copyFile(join(copy, 'journal'), again);
    const { journal, kept } = await openSessions(again);
    expect(kept.find(name)).toEqual(await after.read(name));
    await journal.close();
    expect(warnings).toEqual([]);
    await after.close();
  }
});
