/** Files whose size differs from the journal: shorter after a power cut, longer after a kill. */
import { appendFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endCommand } from '../../src/session/command.ts';
import { findCommand, type Flow, replaceCommand } from '../../src/session/session.ts';
import { copyAsKilled, makeFolder, open } from './folder-kit.ts';
import { append, makeSession, partBytes, push, readStored, readText, refusalOf } from './store-kit.ts';

const address = '192.0.2.7';
const { name } = makeSession();

/** A copy of a folder: c1 and c2 have 13 bytes in each flow, and c2 has ended. */
async function makeData(): Promise<{ folder: string; path: (id: string, flow: Flow) => string }> {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession(name, address));
  for (const id of ['c1', 'c2']) {
    await push(store, name, 'echo');
    for (const flow of ['stdin', 'stdout', 'stderr'] as const)
      await append(store, name, id, flow, 0, 'one two three');
  }
  await store.update(name, (session) => ({
    session: replaceCommand(session, endCommand(findCommand(session, 'c2'), 'finished', 1)),
    result: 0,
  }));
  const copy = await copyAsKilled(folder);
  return { folder: copy, path: (id, flow) => join(copy, 'sessions', name, id, flow) };
}

test.each(['stdin', 'stdout', 'stderr'] as const)(
  'truncated %s of a command that has not ended: the session gets the real size, with a warning, and the flow continues',
  async (flow) => {
    const { folder, path } = await makeData();
    await truncate(path('c1', flow), 4);
    const warnings: string[] = [];
    const store = await open(folder, (line) => warnings.push(line));
    expect(warnings).toEqual([`session ${name.slice(0, 8)}: 9 bytes of c1/${flow} are missing`]);
    expect(partBytes(await store.read(name), 'c1', flow)).toBe(4);
    expect(await readText(store, name, 'c1', flow)).toBe('one ');
    expect(await refusalOf(append(store, name, 'c1', flow, 13, 'x'))).toBe('output_gap');
    expect(await append(store, name, 'c1', flow, 4, 'two')).toBe(7);
    expect(await readText(store, name, 'c1', flow)).toBe('one two');
    const again = await open(await copyAsKilled(folder), (line) => warnings.push(line));
    expect(await readText(again, name, 'c1', flow)).toBe('one two');
    expect(warnings).toHaveLength(1);
  },
);

test('missing stdout file of a command that has not ended: the flow starts again at offset 0', async () => {
  const { folder, path } = await makeData();
  await rm(path('c1', 'stdout'));
  const warnings: string[] = [];
  const store = await open(folder, (line) => warnings.push(line));
  expect(warnings).toEqual([`session ${name.slice(0, 8)}: 13 bytes of c1/stdout are missing`]);
  expect(await append(store, name, 'c1', 'stdout', 0, 'anew')).toBe(4);
  expect(await readText(store, name, 'c1', 'stdout')).toBe('anew');
});

test('missing bytes do not count against the quota of the account', async () => {
  const { folder, path } = await makeData();
  await truncate(path('c1', 'stdout'), 4);
  const store = await open(folder);
  const used = 2 * 4 + 6 * 13 - 9;
  const limits = { sessions: 1, bytes: used + 9 };
  expect(await refusalOf(append(store, name, 'c1', 'stdout', 4, 'x'.repeat(10), limits))).toBe(
    'address_quota',
  );
  expect(await append(store, name, 'c1', 'stdout', 4, 'x'.repeat(9), limits)).toBe(13);
});

test('truncated file of an ended command: the session is unchanged, readers get the remaining bytes', async () => {
  const { folder, path } = await makeData();
  await truncate(path('c2', 'stdout'), 4);
  await rm(path('c2', 'stderr'));
  const warnings: string[] = [];
  const store = await open(folder, (line) => warnings.push(line));
  expect(warnings).toEqual([]);
  expect(partBytes(await store.read(name), 'c2', 'stdout')).toBe(13);
  expect(await readText(store, name, 'c2', 'stdout')).toBe('one ');
  expect(await readText(store, name, 'c2', 'stderr')).toBe('');
});

test('bytes that are not in the journal because of a kill do not count and are overwritten', async () => {
  const { folder, path } = await makeData();
  await appendFile(path('c1', 'stdout'), ' garbage of a cut write');
  const store = await open(folder);
  expect(await readText(store, name, 'c1', 'stdout')).toBe('one two three');
  expect(await append(store, name, 'c1', 'stdout', 13, ' four')).toBe(18);
  expect(await readText(store, name, 'c1', 'stdout')).toBe('one two three four');
  expect((await readStored(store, name, 'c1', 'stdout')).startsWith('one two three four')).toBe(true);
});
