import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { open as openFolder, openKilled } from './folder-kit.ts';
import { canMount, mountSmallDisk, pageBytes, type SmallDisk } from './small-disk.ts';
import {
  append,
  count,
  makeSession,
  nameOf,
  partBytes,
  push,
  readStored,
  readText,
  refusalOf,
} from './store-kit.ts';

const { name } = makeSession();
const address = '192.0.2.7';

interface Opened {
  disk: SmallDisk;
  store: Store;
  /** The store as a relay finds it after a kill, on a disk with space. */
  reopen: () => Promise<Store>;
  wakes: () => number;
}

async function open(): Promise<Opened> {
  const disk = await mountSmallDisk();
  const folder = join(disk.path, 'store');
  const store = await openFolder(folder);
  await store.create(makeSession(name, address));
  let calls = 0;
  store.watch(name, () => {
    calls += 1;
  });
  return { disk, store, reopen: () => openKilled(folder), wakes: () => calls };
}

/** Which of these sessions a store has. */
async function listThose(store: Store, names: readonly string[]): Promise<string[]> {
  const has = await Promise.all(names.map((one) => store.has(one)));
  return names.filter((_, index) => has[index]);
}

/** Changes, until the page that the journal ends in takes no more of them. */
async function fillPage(store: Store): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1)
    if ((await refusalOf(store.update(name, count))) === 'storage_full') return;
  throw new Error('the disk is not full');
}

describe.skipIf(!canMount)('on a full disk', () => {
  test('a change is refused, changes nothing and wakes no watcher', async () => {
    const { disk, store, reopen, wakes } = await open();
    await disk.fill(0);
    expect(await refusalOf(push(store, name, 'echo'))).toBe('storage_full');
    expect(await refusalOf(store.check())).toBe('storage_full');
    expect(await store.read(name)).toEqual(makeSession(name, address));
    expect(wakes()).toBe(0);
    expect(await (await reopen()).read(name)).toEqual(makeSession(name, address));
  });

  test('a change is taken again once there is space, under the same number and with its own bytes', async () => {
    const { disk, store, reopen, wakes } = await open();
    await disk.fill(0);
    await fillPage(store);
    await disk.free();
    // The bytes of a command still fit; the line of the journal that would have told of it does not.
    await disk.fill(1);
    const before = wakes();
    expect(await refusalOf(push(store, name, 'a lost one'))).toBe('storage_full');
    await disk.free();
    expect(await push(store, name, 'echo')).toBe('c1');
    expect(wakes()).toBe(before + 1);
    const after = await reopen();
    expect((await after.read(name)).commands).toHaveLength(1);
    expect(await readText(after, name, 'c1', 'script')).toBe('echo');
  });

  test('sessions are taken until the last one that fits, and are there after a kill: those and no others', async () => {
    const { disk, store, reopen } = await open();
    await disk.fill(0);
    // More than fits in what is left of the journal's page: some lines of the last group would.
    const asked = Array.from({ length: 40 }, (_, index) => makeSession(String(index + 10).repeat(32)));
    const names = [name, ...asked.map((session) => session.name)];
    const answers = await Promise.all(asked.map((session) => refusalOf(store.create(session))));
    expect(answers).toContain('storage_full');
    const taken = [name, ...asked.filter((_, index) => answers[index] === undefined).map((one) => one.name)];
    const expectTaken = async (found: Store): Promise<void> => {
      expect(await listThose(found, names)).toEqual(taken);
      expect(await found.count()).toBe(taken.length);
    };
    await expectTaken(store);
    await expectTaken(await reopen());
    await disk.free();
    const late = makeSession(nameOf('c'));
    await store.create(late);
    const after = await reopen();
    expect(await listThose(after, [...names, late.name])).toEqual([...taken, late.name]);
    expect(await after.count()).toBe(taken.length + 1);
  });

  test('output that does not fit is refused, and goes on where it stopped once there is space', async () => {
    const { disk, store, reopen, wakes } = await open();
    await push(store, name, 'cat');
    const whole = Buffer.from(Array.from({ length: 3 * pageBytes }, (_, index) => index % 251));
    const first = whole.subarray(0, pageBytes - 100);
    expect(await append(store, name, 'c1', 'stdout', 0, first)).toBe(first.byteLength);
    await disk.fill(1);
    const rest = whole.subarray(first.byteLength);
    const before = wakes();
    expect(await refusalOf(append(store, name, 'c1', 'stdout', first.byteLength, rest))).toBe('storage_full');
    expect(wakes()).toBe(before);
    expect(partBytes(await store.read(name), 'c1', 'stdout')).toBe(first.byteLength);
    expect(partBytes(await (await reopen()).read(name), 'c1', 'stdout')).toBe(first.byteLength);
    await disk.free();
    expect(await append(store, name, 'c1', 'stdout', first.byteLength, rest)).toBe(whole.byteLength);
    expect(await store.readBytes(name, 'c1', 'stdout', 0, 1_000_000)).toEqual(whole);
  });

  test('a result that was refused does not become the output of a later command', async () => {
    const { disk, store } = await open();
    // Its bytes still fit; the journal's line that would have told of them does not.
    await disk.fill(0);
    await fillPage(store);
    await disk.free();
    await disk.fill(1);
    const result = store.update(name, (session) => ({
      session: { ...session, nextNumber: session.nextNumber + 1 },
      result: undefined,
      put: [{ id: 'c1', part: 'stdout', bytes: Buffer.from('of a result that was refused\n') }],
    }));
    expect(await refusalOf(result)).toBe('storage_full');
    await disk.free();
    expect(await push(store, name, 'echo')).toBe('c1');
    expect(await append(store, name, 'c1', 'stdout', 0, 'one\n')).toBe(4);
    expect(await readStored(store, name, 'c1', 'stdout')).toBe('one\n');
  });

  test('sessions and bytes that could not be kept are given back to their account', async () => {
    const { disk, store } = await open();
    await push(store, name, 'cat');
    await disk.fill(0);
    await fillPage(store);
    const limits = { sessions: 2, bytes: 10 };
    for (const letter of ['b', 'c', 'd'])
      expect(await refusalOf(store.create(makeSession(nameOf(letter), address), limits))).toBe(
        'storage_full',
      );
    for (let tries = 0; tries < 3; tries += 1)
      expect(await refusalOf(append(store, name, 'c1', 'stdout', 0, 'x'.repeat(6), limits))).toBe(
        'storage_full',
      );
    await disk.free();
    expect(await store.listAccount(address)).toEqual([name]);
    await store.create(makeSession(nameOf('b'), address), limits);
    expect(await append(store, name, 'c1', 'stdout', 0, 'x'.repeat(7), limits)).toBe(7);
    expect(await refusalOf(append(store, name, 'c1', 'stdout', 7, 'x', limits))).toBe('address_quota');
  });

  test('a store that is closed and opened again serves what is there', async () => {
    const { disk, store } = await open();
    await push(store, name, 'echo');
    await store.close();
    // For what locks the folder.
    await disk.fill(2);
    const after = await openFolder(join(disk.path, 'store'));
    expect(await readText(after, name, 'c1', 'script')).toBe('echo');
    expect(await after.read(name)).toEqual(await store.read(name));
  });

  test('a quiet change is kept in memory all the same', async () => {
    const { disk, store } = await open();
    await disk.fill(0);
    await store.update(name, (session) => ({
      session: { ...session, touchedAt: 5 },
      result: 0,
      quiet: true,
    }));
    expect((await store.read(name)).touchedAt).toBe(5);
  });

  test('a session can be removed, which makes space', async () => {
    const { disk, store, reopen } = await open();
    await push(store, name, 'cat');
    await append(store, name, 'c1', 'stdout', 0, Buffer.alloc(pageBytes));
    await disk.fill(0);
    expect(await store.remove(name)).toBe(true);
    expect(await (await reopen()).count()).toBe(0);
    expect(await refusalOf(store.create(makeSession()))).toBeUndefined();
  });
});

describe.skipIf(!canMount)('on a disk that became read-only', () => {
  test('what changes is refused, what reads is served, and all goes on afterwards', async () => {
    const { disk, store, reopen } = await open();
    await push(store, name, 'echo');
    const before = await store.read(name);
    await disk.setReadOnly();
    expect(await refusalOf(store.update(name, count))).toBe('storage_busy');
    expect(await refusalOf(append(store, name, 'c1', 'stdout', 0, 'x'))).toBe('storage_busy');
    expect(await refusalOf(store.create(makeSession(nameOf('b'))))).toBe('storage_busy');
    expect(await store.read(name)).toEqual(before);
    expect(await readText(store, name, 'c1', 'script')).toBe('echo');
    await disk.setWritable();
    await store.update(name, count);
    expect((await (await reopen()).read(name)).revision).toBe(before.revision + 1);
  });

  test('a removal is refused, and can be asked for again: nothing comes back to life', async () => {
    const { disk, store, reopen } = await open();
    await push(store, name, 'echo');
    await disk.setReadOnly();
    expect(await refusalOf(store.remove(name))).toBe('storage_busy');
    expect(await store.has(name)).toBe(true);
    expect(await store.listAccount(address)).toEqual([name]);
    await disk.setWritable();
    expect(await store.remove(name)).toBe(true);
    expect(await store.has(name)).toBe(false);
    expect(await store.listAccount(address)).toEqual([]);
    expect(await (await reopen()).count()).toBe(0);
  });

  test('the refusal tells no path and no text of the system', async () => {
    const { disk, store } = await open();
    await disk.setReadOnly();
    const error = await store.update(name, count).catch((thrown: unknown) => thrown);
    expect(error).toHaveProperty('message', 'the store is not available: EROFS');
  });

  test('the store can be closed: what it could not write is no reason to fail', async () => {
    const { disk, store } = await open();
    await disk.setReadOnly();
    await store.close();
  });
});
