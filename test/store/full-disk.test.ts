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
  /** Opens the store as after a kill, on a disk with space. */
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

/** The sessions of this list that a store has. */
async function listThose(store: Store, names: readonly string[]): Promise<string[]> {
  const has = await Promise.all(names.map((one) => store.has(one)));
  return names.filter((_, index) => has[index]);
}

/** Makes changes until the last page of the journal is full. */
async function fillPage(store: Store): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1)
    if ((await refusalOf(store.update(name, count))) === 'storage_full') return;
  throw new Error('the disk is not full');
}

describe.skipIf(!canMount)('on a full disk', () => {
  test('a change on a full disk is refused, changes nothing and wakes no watcher', async () => {
    const { disk, store, reopen, wakes } = await open();
    await disk.fill(0);
    expect(await refusalOf(push(store, name, 'echo'))).toBe('storage_full');
    expect(await refusalOf(store.check())).toBe('storage_full');
    expect(await store.read(name)).toEqual(makeSession(name, address));
    expect(wakes()).toBe(0);
    expect(await (await reopen()).read(name)).toEqual(makeSession(name, address));
  });

  test('a push after a failed one, once there is space: it gets the same id, and its own bytes', async () => {
    const { disk, store, reopen, wakes } = await open();
    await disk.fill(0);
    await fillPage(store);
    await disk.free();
    // The bytes of a command still fit, but its journal entry does not.
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

  test('40 simultaneous creations on a nearly full disk: after a kill exactly the acknowledged sessions are there', async () => {
    const { disk, store, reopen } = await open();
    await disk.fill(0);
    // More than fits into the rest of the journal's page, though some lines of the last group would fit.
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

  test('output that does not fit is refused, and continues at the same offset once there is space', async () => {
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

  test('the bytes of a refused result do not become output of a later command with the same id', async () => {
    const { disk, store } = await open();
    // The bytes of the result still fit, but its journal entry does not.
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

  test('sessions and bytes that could not be stored do not count against their account', async () => {
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

  test('a store that is closed and opened again on a nearly full disk: sessions and bytes can be read', async () => {
    const { disk, store } = await open();
    await push(store, name, 'echo');
    await store.close();
    // Space for the claim socket.
    await disk.fill(2);
    const after = await openFolder(join(disk.path, 'store'));
    expect(await readText(after, name, 'c1', 'script')).toBe('echo');
    expect(await after.read(name)).toEqual(await store.read(name));
  });

  test('a quiet change on a full disk is still applied in memory', async () => {
    const { disk, store } = await open();
    await disk.fill(0);
    await store.update(name, (session) => ({
      session: { ...session, touchedAt: 5 },
      result: 0,
      quiet: true,
    }));
    expect((await store.read(name)).touchedAt).toBe(5);
  });

  test('a session can be removed on a full disk, which frees space', async () => {
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
  test('a read-only disk: changes are refused, reads work; once it is writable, changes work again', async () => {
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

  test('a removal on a read-only disk is refused; a later retry removes the session, also after a kill', async () => {
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

  test('the refusal has the error code, but no path and no system text', async () => {
    const { disk, store } = await open();
    await disk.setReadOnly();
    const error = await store.update(name, count).catch((thrown: unknown) => thrown);
    expect(error).toHaveProperty('message', 'the store is not available: EROFS');
  });

  test('close() on a read-only disk does not fail', async () => {
    const { disk, store } = await open();
    await disk.setReadOnly();
    await store.close();
  });
});
