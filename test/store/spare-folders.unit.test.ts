/** The file store reuses the folders of dropped commands for later commands, of any session. */
import { pbkdf2 } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { OpenReads } from '../../src/store/open-reads.ts';
import { restFromQuickCalls } from '../../src/store/quick-calls.ts';
import { SpareFolders } from '../../src/store/spare-folders.ts';
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

/** A session whose command with output was dropped, and another session with one command. */
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
  ['synchronous', 0],
  ['thread pool', 600_000],
])('spare folders with %s file system calls', (_title, restMs) => {
  test('a spare folder has no bytes of its dropped command', async () => {
    restFromQuickCalls(restMs);
    const { folder } = await openData();
    expect(await list(folder, 'sessions', name)).toEqual([]);
    expect(await list(folder, 'spare')).toEqual(['1']);
    for (const part of ['script', 'stdout'])
      expect(await readFile(join(folder, 'spare', '1', part), 'utf8')).toBe('\n');
  });

  test('a later command that reuses a folder has only its own bytes, also after a kill', async () => {
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

describe('a command is dropped while a read has its file open', () => {
  const bytes = 200_000;

  /** Keeps the thread pool busy, so that the read has opened the file and waits for its bytes. */
  const busyPool = (): Promise<unknown> =>
    Promise.all(Array.from({ length: 4 }, () => promisify(pbkdf2)('word', 'salt', 500_000, 64, 'sha512')));

  test('the reader gets the bytes of the dropped command, none of the next command', async () => {
    const { store } = await openData();
    await push(store, name, 'cat');
    await append(store, name, 'c2', 'stdout', 0, 'A'.repeat(bytes));
    const work = busyPool();
    const reading = store.readBytes(name, 'c2', 'stdout', 0, 65_536);
    await dropFirst(store);
    // Two commands, as there is one spare folder from before.
    for (const id of ['c2', 'c3']) {
      await push(store, other.name, 'cat');
      await append(store, other.name, id, 'stdout', 0, 'B'.repeat(bytes));
    }
    const got = await reading;
    expect([got.byteLength, got.toString().replaceAll('A', '')]).toEqual([65_536, '']);
    await work;
  });
});

test('a folder is dropped while a read has its file open: it is removed instead of reused; later folders are reused', async () => {
  const folder = await makeFolder();
  const reads = new OpenReads();
  const spares = new SpareFolders(join(folder, 'spare'), reads);
  const fill = async (id: string): Promise<string> => {
    await mkdir(join(folder, id), { recursive: true });
    await writeFile(join(folder, id, 'stdout'), 'a secret word');
    return join(folder, id);
  };
  let finish = (): void => undefined;
  const gate = new Promise<void>((resolve) => (finish = resolve));
  const path = await fill('c1');
  const reading = reads.count(path, () => gate);
  expect(await spares.put(path)).toBe(true);
  expect(await list(folder, 'spare')).toEqual([]);
  expect(await list(folder)).toEqual(['spare']);
  finish();
  await reading;
  expect([await spares.put(await fill('c1')), await spares.put(await fill('c2'))]).toEqual([true, true]);
  expect(await list(folder, 'spare')).toHaveLength(2);
});

test('a file that no session counts: its bytes are not in the spare folder', async () => {
  const { folder, store } = await openData();
  await push(store, other.name, 'pwd');
  await push(store, name, 'cat');
  // As after a write whose journal entry failed.
  await writeFile(join(folder, 'sessions', name, 'c2', 'stderr'), 'another secret word');
  await dropFirst(store);
  const [spare = ''] = await list(folder, 'spare');
  expect(await list(folder, 'spare', spare)).toContain('stderr');
  for (const file of await list(folder, 'spare', spare))
    expect(await readFile(join(folder, 'spare', spare, file), 'utf8')).toBe('\n');
});

test('a command without a folder is dropped: later folders are still kept as spares', async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  await push(store, name, 'true');
  await rm(join(folder, 'sessions', name, 'c1'), { recursive: true });
  await dropFirst(store);
  await push(store, name, 'true');
  await dropFirst(store);
  expect(await list(folder, 'spare')).toHaveLength(1);
});

test('spare folders are removed at the start after a kill, and on close()', async () => {
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
