/** Folders of commands that a session no longer lists are used again by later commands, of any session. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { restFromQuickCalls } from '../../src/store/quick-calls.ts';
import type { Store } from '../../src/store/store.ts';
import { copyAsKilled, makeFolder, open, openKilled } from './folder-kit.ts';
import { append, makeSession, nameOf, push, readStored, readText } from './store-kit.ts';

const { name } = makeSession();
const other = makeSession(nameOf('b'));

afterEach(() => restFromQuickCalls(0));

async function list(...path: string[]): Promise<string[]> {
  return (await readdir(join(...path)).catch(() => ['no folder'])).toSorted();
}

async function dropFirst(store: Store): Promise<void> {
  await store.update(name, (session) => ({
    session: { ...session, commands: session.commands.slice(1) },
    result: 0,
  }));
}

/** One command with output that was dropped, and another session with one. */
async function openData(): Promise<{ folder: string; store: Store }> {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  await store.create(other);
  await push(store, other.name, 'true');
  await push(store, name, 'echo a secret word');
  await append(store, name, 'c1', 'stdout', 0, 'a secret word');
  await dropFirst(store);
  return { folder, store };
}

describe.each([
  ['at once', 0],
  ['by the thread pool', 600_000],
])('calls made %s', (_title, restMs) => {
  test('a folder that is kept has no byte of its command', async () => {
    restFromQuickCalls(restMs);
    const { folder } = await openData();
    expect(await list(folder, 'sessions', name)).toEqual([]);
    expect(await list(folder, 'spare')).toEqual(['1']);
    for (const part of ['script', 'stdout'])
      expect(await readFile(join(folder, 'spare', '1', part), 'utf8')).toBe('\n');
  });

  test('a later command has the folder, and only its own bytes, also after a kill', async () => {
    restFromQuickCalls(restMs);
    const { folder, store } = await openData();
    expect(await push(store, other.name, 'pwd')).toBe('c2');
    expect(await list(folder, 'spare')).toEqual([]);
    const expectOwn = async (found: Store): Promise<void> => {
      expect(await readText(found, other.name, 'c2', 'script')).toBe('pwd');
      expect(await readText(found, other.name, 'c2', 'stdout')).toBe('');
    };
    await expectOwn(store);
    await expectOwn(await openKilled(folder));
    await append(store, other.name, 'c2', 'stdout', 0, '/');
    expect(await readFile(join(folder, 'sessions', other.name, 'c2', 'stdout'), 'utf8')).toBe('/');
    expect(await readStored(store, other.name, 'c2', 'stdout')).toBe('/');
  });
});

test('after a kill, and after the end: spare folders are removed', async () => {
  const { folder, store } = await openData();
  const copy = await copyAsKilled(folder);
  expect(await list(copy, 'spare')).toEqual(['1']);
  await open(copy);
  expect(await list(copy, 'spare')).toEqual(['no folder']);
  await push(store, name, 'date');
  await dropFirst(store);
  await store.close();
  expect(await list(folder, 'spare')).toEqual(['no folder']);
});
