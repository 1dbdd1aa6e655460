import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { deriveListenerKey, nameSession } from '../../src/protocol/key-derivation.ts';
import { openFileStore } from '../../src/store/file-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { describeStore } from './contract.ts';
import { addCommand, count, makeSession, read, readText, refusalOf } from './store-kit.ts';

async function makeFolder(): Promise<string> {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  return join(folder.path, 'store');
}

/** Closed at the end of the test. Within one process a folder may be opened again: as after a kill, its holder is no other. */
async function open(folder: string, warn: (line: string) => void = () => undefined): Promise<Store> {
  const store = await openFileStore(folder, warn);
  onTestFinished(() => store.close());
  return store;
}

describeStore(async () => openFileStore(await makeFolder(), () => undefined));

const { name } = makeSession();

test('what was kept is there after the store was closed and opened again', async () => {
  const folder = await makeFolder();
  const before = await open(folder);
  await before.create(makeSession());
  await before.update(name, (session) => addCommand(session, 'echo "ö"'));
  await before.append(name, 'c1', 'stdout', 0, Buffer.from('one'));
  const session = await read(before, name);
  await before.close();
  const after = await open(folder);
  expect(await after.list()).toEqual([session]);
  expect(await readText(after, name, 'c1', 'script')).toBe('echo "ö"');
  expect(await after.append(name, 'c1', 'stdout', 3, Buffer.from(' two'))).toBe(7);
  expect(await readText(after, name, 'c1', 'stdout')).toBe('one two');
});

test('what was answered is there although the store was never closed', async () => {
  const folder = await makeFolder();
  const killed = await open(folder);
  await killed.create(makeSession());
  const ids = await Promise.all(
    Array.from({ length: 20 }, (_, index) => killed.update(name, (s) => addCommand(s, `echo ${index}`))),
  );
  await killed.append(name, 'c1', 'stderr', 0, Buffer.from('oops'));
  const after = await open(folder);
  expect(await read(after, name)).toEqual(await read(killed, name));
  for (const [index, id] of ids.entries()) {
    expect(await readText(after, name, id, 'script')).toBe(`echo ${index}`);
  }
  expect(await readText(after, name, 'c1', 'stderr')).toBe('oops');
});

test('what was removed stays removed although the store was never closed', async () => {
  const folder = await makeFolder();
  const killed = await open(folder);
  await killed.create(makeSession());
  await killed.update(name, (session) => addCommand(session, 'echo'));
  await killed.remove(name);
  expect(await (await open(folder)).list()).toEqual([]);
  expect(await readdir(join(folder, 'sessions'))).toEqual([]);
});

test('a quiet change is kept when the store is closed, and costs no write before', async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  const quiet = { touchedAt: 1_800_000_000_000 };
  await store.update(name, (session) => ({ session: { ...session, ...quiet }, result: 0, quiet: true }));
  expect((await read(await open(folder), name)).touchedAt).not.toBe(quiet.touchedAt);
  await store.close();
  expect((await read(await open(folder), name)).touchedAt).toBe(quiet.touchedAt);
});

test('the bytes of a session that was not kept do not become those of a later command', async () => {
  const folder = await makeFolder();
  const killed = await open(folder);
  await killed.create(makeSession());
  // As a kill leaves it between the bytes and the session: the result was never answered, its number is still free.
  const leftover = join(folder, 'sessions', name, 'c1');
  await mkdir(leftover, { recursive: true });
  await writeFile(join(leftover, 'stdout'), 'of a result that nobody was promised\n');
  const store = await open(folder);
  await store.update(name, (session) => addCommand(session, 'echo'));
  expect(await store.append(name, 'c1', 'stdout', 0, Buffer.from('one\n'))).toBe(4);
  expect(await readText(store, name, 'c1', 'stdout')).toBe('one\n');
});

test('folders are for their owner alone, and so are files, whatever the umask', async () => {
  const folder = await makeFolder();
  const before = process.umask(0);
  onTestFinished(() => void process.umask(before));
  const store = await open(folder);
  await store.create(makeSession());
  await store.update(name, (session) => addCommand(session, 'echo'));
  await store.append(name, 'c1', 'stdout', 0, Buffer.from('out'));
  const entries = await readdir(folder, { recursive: true });
  expect(entries.map((entry) => entry.replace(/^claim-[0-9a-f]{16}(?=\.sock$)/, 'claim')).toSorted()).toEqual(
    ['', '/c1', '/c1/script', '/c1/stdout']
      .map((path) => `sessions/${name}${path}`)
      .concat('claim.sock', 'journal', 'sessions')
      .toSorted(),
  );
  for (const path of [folder, ...entries.map((entry) => join(folder, entry))]) {
    const { mode } = await stat(path);
    const isFolder = (await stat(path)).isDirectory();
    expect(`${path} ${(mode & 0o777).toString(8)}`).toBe(`${path} ${isFolder ? 700 : 600}`);
  }
});

test('no key is found in any name or file: only hashes of it', async () => {
  const folder = await makeFolder();
  const sessionKey = '0123456789abcdef0123456789abcdef';
  const listenerKey = deriveListenerKey(sessionKey);
  const session = makeSession(nameSession(listenerKey));
  const store = await open(folder);
  await store.create(session);
  await store.update(session.name, (given) => addCommand(given, 'echo'));
  await store.append(session.name, 'c1', 'stdout', 0, Buffer.from('out'));
  const grep = (word: string) =>
    execFileSync('sh', ['-c', 'cd "$0"; find .; grep -r "" .', folder]).includes(word);
  expect(grep(session.name)).toBe(true);
  expect(grep(sessionKey)).toBe(false);
  expect(grep(listenerKey)).toBe(false);
});

test('what a kill left of sessions that had ended is swept, and nothing else', async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  await store.update(name, (session) => addCommand(session, 'echo'));
  const leftover = join(folder, 'sessions', 'b'.repeat(64), 'c1');
  const foreign = join(folder, 'sessions', 'notes');
  for (const path of [leftover, foreign]) await mkdir(path, { recursive: true });
  await writeFile(join(leftover, 'script'), 'echo of old\n');
  await open(folder);
  expect((await readdir(join(folder, 'sessions'))).toSorted()).toEqual([name, 'notes']);
});

test('output that is shorter than the journal says is what it is, with a warning, and can go on', async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  await store.update(name, (session) => addCommand(session, 'echo'));
  await store.append(name, 'c1', 'stdout', 0, Buffer.from('one two three'));
  await truncate(join(folder, 'sessions', name, 'c1', 'stdout'), 4);
  const warnings: string[] = [];
  const after = await open(folder, (line) => warnings.push(line));
  expect(await readText(after, name, 'c1', 'stdout')).toBe('one ');
  expect(warnings).toEqual([`session ${name.slice(0, 8)}: 9 bytes of c1/stdout are missing`]);
  expect(await after.append(name, 'c1', 'stdout', 4, Buffer.from('two'))).toBe(7);
  expect(await readText(after, name, 'c1', 'stdout')).toBe('one two');
});

test('bytes that were written and never said in the journal do not count, and are written over', async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  await store.update(name, (session) => addCommand(session, 'echo'));
  await store.append(name, 'c1', 'stdout', 0, Buffer.from('one '));
  await appendFile(join(folder, 'sessions', name, 'c1', 'stdout'), 'garbage of a cut write');
  const after = await open(folder);
  expect(await readText(after, name, 'c1', 'stdout')).toBe('one ');
  expect(await after.append(name, 'c1', 'stdout', 4, Buffer.from('two'))).toBe(7);
  expect(await readText(after, name, 'c1', 'stdout')).toBe('one two');
});

test('what a session stores is counted, across a restart, and no more once it is forgotten', async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  await store.update(name, (session) => addCommand(session, 'echo'));
  await store.update(name, (session) => addCommand(session, 'pwd'));
  await store.append(name, 'c1', 'stdout', 0, Buffer.from('0123456789'));
  await store.append(name, 'c1', 'stdout', 5, Buffer.from('56789abc'));
  expect(await store.usage(name)).toBe(4 + 3 + 13);
  const after = await open(folder);
  expect(await after.usage(name)).toBe(4 + 3 + 13);
  await after.update(name, (session) => ({
    session: { ...session, commands: session.commands.slice(1), revision: session.revision + 1 },
    result: 0,
  }));
  expect(await after.usage(name)).toBe(3);
  expect(await (await open(folder)).usage(name)).toBe(3);
  expect(await refusalOf(after.update('c'.repeat(64), count))).toBe('gone');
});

test('what comes after the end is refused, and does not reach the journal', async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  const closed = store.close();
  expect(await refusalOf(store.update(name, (session) => addCommand(session, 'late')))).toBe('storage_busy');
  await closed;
  expect(await (await open(folder)).list()).toEqual([makeSession()]);
});

test('a folder that cannot be made is an error with its path', async () => {
  const folder = await makeFolder();
  await writeFile(folder, 'a file');
  await expect(openFileStore(folder, () => undefined)).rejects.toThrow(folder);
});

test.each(['file:', 'file://'])('%sDIR is its URL', async (scheme) => {
  const folder = await makeFolder();
  const store = await openStore(`${scheme}${folder}`, () => undefined);
  onTestFinished(() => store.close());
  await store.create(makeSession());
  expect(await readdir(folder)).toContain('journal');
});
