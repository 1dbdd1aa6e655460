import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
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
  await mkdir(leftover);
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
  expect(entries.toSorted()).toEqual(
    ['', '/session.json', '/c1', '/c1/script', '/c1/stdout']
      .map((path) => `sessions/${name}${path}`)
      .concat('relay.pid', 'sessions')
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

test.each([
  ['half of it', (whole: string) => whole.slice(0, whole.length / 2)],
  ['nothing', () => ''],
  ['no session', () => '{"format": 1, "session": null}\n'],
  ['a later format', (whole: string) => whole.replace('"format": 1', '"format": 2')],
  ['the session of another', (whole: string) => whole.replaceAll(name, 'c'.repeat(64))],
  ['a session without its commands', (whole: string) => whole.replace('"commands"', '"comments"')],
  ['zeros', (whole: string) => '\0'.repeat(whole.length)],
])(
  'a session.json that holds %s is left alone with a warning, and the others are served',
  async (_name, damage) => {
    const folder = await makeFolder();
    const store = await open(folder);
    await store.create(makeSession());
    await store.update(name, (session) => addCommand(session, 'echo'));
    const other = makeSession('b'.repeat(64));
    await store.create(other);
    await store.close();
    const path = join(folder, 'sessions', name, 'session.json');
    const damaged = damage(await readFile(path, 'utf8'));
    await writeFile(path, damaged);

    const warnings: string[] = [];
    const after = await open(folder, (line) => warnings.push(line));
    expect(warnings).toEqual([`session ${name.slice(0, 8)} cannot be read and is left alone`]);
    expect(await after.list()).toEqual([other]);
    expect(await refusalOf(after.update(name, count))).toBe('gone');
    await after.close();
    expect(await readFile(path, 'utf8')).toBe(damaged);
    expect(await readdir(join(folder, 'sessions', name))).toEqual(['c1', 'session.json']);
  },
);

test('what a kill left of a session that was being written is thrown away', async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  await store.close();
  await writeFile(join(folder, 'sessions', name, 'session.json.new'), '{"format": 1, "ses');
  expect(await (await open(folder)).list()).toEqual([makeSession()]);
  expect(await readdir(join(folder, 'sessions', name))).toEqual(['session.json']);
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
  expect(await readdir(join(folder, 'sessions'))).toEqual([name]);
});
