import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openFileStore } from '../../src/store/file-store.ts';
import type { Store } from '../../src/store/store.ts';
import { canMount, mountSmallDisk, pageBytes, type SmallDisk } from './small-disk.ts';
import { addCommand, count, makeSession, read, readText, refusalOf } from './store-kit.ts';

const { name } = makeSession();

interface Opened {
  disk: SmallDisk;
  store: Store;
  /** The store as a relay finds it after a kill. */
  reopen: () => Promise<Store>;
  wakes: () => number;
}

async function open(): Promise<Opened> {
  const disk = await mountSmallDisk();
  const reopen = async (): Promise<Store> => {
    const store = await openFileStore(join(disk.path, 'store'), () => undefined);
    onTestFinished(() => store.close());
    return store;
  };
  const store = await reopen();
  await store.create(makeSession());
  let calls = 0;
  store.watch(name, () => {
    calls += 1;
  });
  return { disk, store, reopen, wakes: () => calls };
}

/** Changes, until the page that the journal ends in takes no more of them. */
async function fillPage(store: Store): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1)
    if ((await refusalOf(store.update(name, count))) === 'storage_full') return;
  throw new Error('the disk is not full');
}

describe.skipIf(!canMount)('on a full disk', () => {
  test('a change is refused, changes nothing and wakes nobody', async () => {
    const { disk, store, reopen, wakes } = await open();
    await disk.fill(0);
    expect(await refusalOf(store.update(name, (session) => addCommand(session, 'echo')))).toBe(
      'storage_full',
    );
    expect(await refusalOf(store.check())).toBe('storage_full');
    expect(await read(store, name)).toEqual(makeSession());
    expect(wakes()).toBe(0);
    expect(await read(await reopen(), name)).toEqual(makeSession());
  });

  test('a change is taken again once there is space, under the same number and with its own bytes', async () => {
    const { disk, store, reopen, wakes } = await open();
    await disk.fill(0);
    await fillPage(store);
    await disk.free();
    // The bytes of a command still fit; the line of the journal that would have told of it does not.
    await disk.fill(1);
    const before = wakes();
    expect(await refusalOf(store.update(name, (session) => addCommand(session, 'a lost one')))).toBe(
      'storage_full',
    );
    await disk.free();
    expect(await store.update(name, (session) => addCommand(session, 'echo'))).toBe('c1');
    expect(wakes()).toBe(before + 1);
    const after = await reopen();
    expect((await read(after, name)).commands).toHaveLength(1);
    expect(await readText(after, name, 'c1', 'script')).toBe('echo');
  });

  test('sessions are taken until the last one that fits, and are there after a kill: those and no others', async () => {
    const { disk, store, reopen } = await open();
    await disk.fill(0);
    // More than fits in what is left of the journal's page: some lines of the last group would.
    const asked = Array.from({ length: 40 }, (_, index) => makeSession(String(index + 10).repeat(32)));
    const answers = await Promise.all(asked.map((session) => refusalOf(store.create(session))));
    expect(answers).toContain('storage_full');
    const taken = [name, ...asked.filter((_, index) => answers[index] === undefined).map((one) => one.name)];
    expect((await store.list()).map((session) => session.name)).toEqual(taken);
    expect((await (await reopen()).list()).map((session) => session.name)).toEqual(taken);
    await disk.free();
    const late = makeSession('c'.repeat(64));
    await store.create(late);
    expect((await (await reopen()).list()).map((session) => session.name)).toEqual([...taken, late.name]);
  });

  test('output that does not fit is refused, and goes on where it stopped once there is space', async () => {
    const { disk, store, wakes } = await open();
    const whole = Buffer.from(Array.from({ length: 3 * pageBytes }, (_, index) => index % 251));
    const first = whole.subarray(0, pageBytes - 100);
    expect(await store.append(name, 'c1', 'stdout', 0, first)).toBe(first.byteLength);
    await disk.fill(1);
    const rest = whole.subarray(first.byteLength);
    const before = wakes();
    expect(await refusalOf(store.append(name, 'c1', 'stdout', first.byteLength, rest))).toBe('storage_full');
    expect(wakes()).toBe(before);
    expect(await store.size(name, 'c1', 'stdout')).toBeLessThan(whole.byteLength);
    await disk.free();
    expect(await store.append(name, 'c1', 'stdout', first.byteLength, rest)).toBe(whole.byteLength);
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
    expect(await store.update(name, (session) => addCommand(session, 'echo'))).toBe('c1');
    expect(await store.append(name, 'c1', 'stdout', 0, Buffer.from('one\n'))).toBe(4);
    expect(await readText(store, name, 'c1', 'stdout')).toBe('one\n');
  });

  test('a sign of life is heard all the same', async () => {
    const { disk, store } = await open();
    await disk.fill(0);
    await store.update(name, (session) => ({
      session: { ...session, touchedAt: 5 },
      result: 0,
      quiet: true,
    }));
    expect((await read(store, name)).touchedAt).toBe(5);
  });

  test('a session can be removed, which makes space', async () => {
    const { disk, store, reopen } = await open();
    await store.append(name, 'c1', 'stdout', 0, Buffer.alloc(pageBytes));
    await disk.fill(0);
    await store.remove(name);
    expect(await (await reopen()).list()).toEqual([]);
    expect(await refusalOf(store.create(makeSession()))).toBeUndefined();
  });
});

describe.skipIf(!canMount)('on a disk that became read-only', () => {
  test('what changes is refused, what reads is served, and all goes on afterwards', async () => {
    const { disk, store, reopen } = await open();
    await store.update(name, (session) => addCommand(session, 'echo'));
    const before = await read(store, name);
    await disk.setReadOnly();
    expect(await refusalOf(store.update(name, count))).toBe('storage_busy');
    expect(await refusalOf(store.append(name, 'c1', 'stdout', 0, Buffer.from('x')))).toBe('storage_busy');
    expect(await refusalOf(store.create(makeSession('b'.repeat(64))))).toBe('storage_busy');
    expect(await read(store, name)).toEqual(before);
    expect(await readText(store, name, 'c1', 'script')).toBe('echo');
    await disk.setWritable();
    await store.update(name, count);
    expect((await read(await reopen(), name)).revision).toBe(before.revision + 1);
  });

  test('a removal is refused, and can be asked for again: nothing comes back to life', async () => {
    const { disk, store, reopen } = await open();
    await store.update(name, (session) => addCommand(session, 'echo'));
    await disk.setReadOnly();
    expect(await refusalOf(store.remove(name))).toBe('storage_busy');
    expect(await store.has(name)).toBe(true);
    await disk.setWritable();
    await store.remove(name);
    expect(await store.has(name)).toBe(false);
    expect(await (await reopen()).list()).toEqual([]);
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
