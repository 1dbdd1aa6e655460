import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { deriveListenerKey, nameSession } from '../../src/protocol/key-derivation.ts';
import { openFileStore } from '../../src/store/file-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { eventually } from '../harness/deadline.ts';
import { describeStore } from './contract.ts';
import { dueAtReader, setDue } from './contract-due.ts';
import { copyAsKilled, makeFolder, open, openKilled } from './folder-kit.ts';
import { append, makeSession, nameOf, push, readStored, readText, refusalOf } from './store-kit.ts';

const options = { warn: (): void => undefined };

describeStore(async (dueAt) => openFileStore(await makeFolder(), { ...options, ...(dueAt && { dueAt }) }));

const { name } = makeSession();

test('a store that is closed and opened again: sessions and bytes are there, and output continues', async () => {
  const folder = await makeFolder();
  const before = await open(folder);
  await before.create(makeSession());
  await push(before, name, 'echo "ö"');
  await append(before, name, 'c1', 'stdout', 0, 'one');
  const session = await before.read(name);
  await before.close();
  const after = await open(folder);
  expect(await after.count()).toBe(1);
  expect(await after.read(name)).toEqual(session);
  expect(await readText(after, name, 'c1', 'script')).toBe('echo "ö"');
  expect(await append(after, name, 'c1', 'stdout', 3, ' two')).toBe(7);
  expect(await readText(after, name, 'c1', 'stdout')).toBe('one two');
});

test.each(['process', 'power'] as const)(
  'a store with durability %s that is killed: all acknowledged data is there',
  async (durability) => {
    const folder = await makeFolder();
    const killed = await open(folder, undefined, { durability });
    await killed.create(makeSession());
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, index) => push(killed, name, `echo ${index}`)),
    );
    await append(killed, name, 'c1', 'stderr', 0, 'oops');
    await append(killed, name, 'c1', 'stderr', 4, ' again');
    const after = await openKilled(folder);
    expect(await after.read(name)).toEqual(await killed.read(name));
    for (const [index, id] of ids.entries()) {
      expect(await readText(after, name, id, 'script')).toBe(`echo ${index}`);
    }
    expect(await readText(after, name, 'c1', 'stderr')).toBe('oops again');
  },
);

test('a store that is killed after a removal: the session and its files stay removed', async () => {
  const folder = await makeFolder();
  const killed = await open(folder);
  await killed.create(makeSession());
  await push(killed, name, 'echo');
  await killed.remove(name);
  expect(await (await openKilled(folder)).count()).toBe(0);
  expect(await readdir(join(folder, 'sessions'))).toEqual([]);
});

test('a quiet change is not written: after a kill the session is as before the change', async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  const journal = await readFile(join(folder, 'journal'));
  const quiet = { touchedAt: 1_700_000_100_000 };
  await store.update(name, (session) => ({ session: { ...session, ...quiet }, result: 0, quiet: true }));
  expect(await readFile(join(folder, 'journal'))).toEqual(journal);
  expect(await (await openKilled(folder)).read(name)).toEqual(makeSession());
  await push(store, name, 'echo');
  expect((await (await openKilled(folder)).read(name)).touchedAt).toBe(quiet.touchedAt);
});

test('bytes of an update that a kill kept out of the journal: a later command with the same id does not get them', async () => {
  const folder = await makeFolder();
  const before = await open(folder);
  await before.create(makeSession());
  const copy = await copyAsKilled(folder);
  // As after a kill between the write of the bytes and the journal entry: the push was not acknowledged, its id is still free.
  const leftover = join(copy, 'sessions', name, 'c1');
  await mkdir(leftover, { recursive: true });
  await writeFile(join(leftover, 'script'), 'a longer script that was never acknowledged\n');
  await writeFile(join(leftover, 'stdout'), 'output that was never acknowledged\n');
  const store = await open(copy);
  await push(store, name, 'echo');
  expect(await append(store, name, 'c1', 'stdout', 0, 'one\n')).toBe(4);
  expect(await readStored(store, name, 'c1', 'script')).toBe('echo');
  expect(await readStored(store, name, 'c1', 'stdout')).toBe('one\n');
});

test('folders have mode 0700 and files 0600, also with umask 0', async () => {
  const folder = await makeFolder();
  const before = process.umask(0);
  onTestFinished(() => void process.umask(before));
  const store = await open(folder);
  await store.create(makeSession());
  await push(store, name, 'echo');
  await append(store, name, 'c1', 'stdout', 0, 'out');
  const entries = await readdir(folder, { recursive: true });
  const expected = ['', '/c1', '/c1/script', '/c1/stdout'].map((path) => `sessions/${name}${path}`);
  expect(entries).toEqual(expect.arrayContaining([...expected, 'journal', 'sessions']));
  // Besides these there is only the claim socket.
  expect(entries).toHaveLength(expected.length + 3);
  for (const path of [folder, ...entries.map((entry) => join(folder, entry))]) {
    const found = await stat(path);
    expect(`${path} ${(found.mode & 0o777).toString(8)}`).toBe(`${path} ${found.isDirectory() ? 700 : 600}`);
  }
});

test('no file name and no file contains a session key or listener key, only hashes', async () => {
  const folder = await makeFolder();
  const sessionKey = '0123456789abcdef0123456789abcdef';
  const listenerKey = deriveListenerKey(sessionKey);
  const session = makeSession(nameSession(listenerKey));
  const store = await open(folder);
  await store.create(session);
  await push(store, session.name, 'echo');
  await append(store, session.name, 'c1', 'stdout', 0, 'out');
  const grep = (word: string): boolean =>
    execFileSync('sh', ['-c', 'cd "$0"; find .; find . -type f -exec cat {} +', folder]).includes(word);
  expect(grep(session.name)).toBe(true);
  expect(grep(sessionKey)).toBe(false);
  expect(grep(listenerKey)).toBe(false);
});

test('a removal that a kill interrupted: the next start removes the files of that session and no others', async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  await push(store, name, 'echo');
  const copy = await copyAsKilled(folder);
  const leftover = join(copy, 'sessions', nameOf('b'), 'c1');
  const foreign = join(copy, 'sessions', 'notes');
  for (const path of [leftover, foreign]) await mkdir(path, { recursive: true });
  await writeFile(join(leftover, 'script'), 'echo of old\n');
  const old = join(copy, 'sessions', name, 'c0');
  const unlisted = join(copy, 'sessions', name, 'c9');
  for (const path of [old, unlisted]) await mkdir(path);
  await open(copy);
  const list = async (): Promise<string[]> => (await readdir(join(copy, 'sessions'))).toSorted();
  await eventually('the leftover is removed', 5_000, async () => (await list()).length === 2);
  expect(await list()).toEqual([name, 'notes']);
  expect((await readdir(join(copy, 'sessions', name))).toSorted()).toEqual(['c0', 'c1', 'c9']);
});

test('the bytes of a command count against its account, also after a restart, until the command is dropped', async () => {
  const folder = await makeFolder();
  const address = '192.0.2.7';
  const store = await open(folder);
  await store.create(makeSession(name, address));
  await push(store, name, 'echo');
  await push(store, name, 'pwd');
  await append(store, name, 'c1', 'stdout', 0, '0123456789');
  await append(store, name, 'c1', 'stdout', 5, '56789abc');
  const used = 4 + 3 + 13;
  const after = await openKilled(folder);
  expect(await after.listAccount(address)).toEqual([name]);
  const limits = { sessions: 1, bytes: used + 1 };
  expect(await refusalOf(after.create(makeSession(nameOf('b'), address), limits))).toBe('too_many_sessions');
  expect(await refusalOf(append(after, name, 'c2', 'stdout', 0, 'xy', limits))).toBe('address_quota');
  expect(await append(after, name, 'c2', 'stdout', 0, 'x', limits)).toBe(1);
  await after.update(name, (session) => ({
    session: { ...session, commands: session.commands.slice(1), revision: session.revision + 1 },
    result: 0,
  }));
  expect(await refusalOf(append(after, name, 'c2', 'stdout', 1, 'x'.repeat(19), limits))).toBe(
    'address_quota',
  );
  expect(await append(after, name, 'c2', 'stdout', 1, 'x'.repeat(17), limits)).toBe(18);
});

test('a stored deadline: the session rings after a restart', async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  await store.update(name, setDue(100_000));
  await store.close();
  const after = await open(folder, undefined, { dueAt: dueAtReader });
  let rings = 0;
  after.onDue(async () => {
    rings += 1;
    await after.update(name, setDue(null));
  });
  await eventually('the ring', 10_000, () => rings > 0);
});

test('an update after close() is refused, and does not reach the journal', async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  const closed = store.close();
  expect(await refusalOf(push(store, name, 'late'))).toBe('storage_busy');
  expect(await refusalOf(store.create(makeSession(nameOf('b'))))).toBe('storage_busy');
  expect(await refusalOf(store.remove(name))).toBe('storage_busy');
  await closed;
  const after = await open(folder);
  expect(await after.count()).toBe(1);
  expect(await after.read(name)).toEqual(makeSession());
});

test('close() during updates: it waits for them, and they are stored', async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  let answered = 0;
  const pushes = Array.from({ length: 5 }, async (_, index) => {
    await push(store, name, `echo ${index}`);
    answered += 1;
  });
  await store.close();
  expect(answered).toBe(5);
  await Promise.all(pushes);
  expect((await (await open(folder)).read(name)).commands).toHaveLength(5);
});

test('a folder that cannot be created: the error has its path', async () => {
  const folder = await makeFolder();
  await writeFile(folder, 'a file');
  await expect(openFileStore(folder, options)).rejects.toThrow(folder);
});

test.each(['file:', 'file://'])('the URL %sDIR opens a file store', async (scheme) => {
  const folder = await makeFolder();
  const store = await openStore(`${scheme}${folder}`, options);
  onTestFinished(() => store.close());
  await store.create(makeSession());
  expect(await readdir(folder)).toContain('journal');
});
