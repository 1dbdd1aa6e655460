/** Updates of a file store whose bytes cannot be written, because a folder or a fifo has the name of the file. */
import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdir, open as openFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Flow, Outcome, Session } from '../../src/session/session.ts';
import type { Store } from '../../src/store/store.ts';
import { withDeadline } from '../harness/deadline.ts';
import { makeFolder, open, openKilled } from './folder-kit.ts';
import {
  addCommand,
  append,
  count,
  extend,
  makeSession,
  nameOf,
  push,
  readText,
  refusalOf,
} from './store-kit.ts';

const address = '192.0.2.7';
const { name } = makeSession();

async function openData(): Promise<{ folder: string; store: Store; path: (flow: Flow) => string }> {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession(name, address));
  await push(store, name, 'echo');
  await append(store, name, 'c1', 'stdout', 0, 'one');
  return { folder, store, path: (flow) => join(folder, 'sessions', name, 'c1', flow) };
}

/** Appends to stdout and writes the first bytes of stderr. */
function extendBoth(session: Session): Outcome<void> {
  const first = extend(session, 'c1', 'stdout', 3, Buffer.from(' two'));
  const second = extend(first.session, 'c1', 'stderr', 0, Buffer.from('oops'));
  return { session: second.session, result: undefined, put: [...(first.put ?? []), ...(second.put ?? [])] };
}

test('one of two pieces cannot be written: neither counts, no watcher is woken, and a retry writes both', async () => {
  const { folder, store, path } = await openData();
  await mkdir(path('stderr'));
  const before = await store.read(name);
  let wakes = 0;
  store.watch(name, () => {
    wakes += 1;
  });
  expect(await refusalOf(store.update(name, extendBoth))).toBe('storage_busy');
  expect(wakes).toBe(0);
  expect(await store.read(name)).toBe(before);
  expect(await readText(store, name, 'c1', 'stdout')).toBe('one');
  const killed = await openKilled(folder);
  expect(await killed.read(name)).toEqual(before);
  expect(await readText(killed, name, 'c1', 'stdout')).toBe('one');
  await rm(path('stderr'), { recursive: true });
  await store.update(name, extendBoth);
  expect(wakes).toBe(1);
  expect(await readText(store, name, 'c1', 'stdout')).toBe('one two');
  expect(await readText(store, name, 'c1', 'stderr')).toBe('oops');
});

test('a failed update, then fewer and different bytes at the same offset: readers get the later bytes', async () => {
  const { folder, store, path } = await openData();
  await mkdir(path('stderr'));
  expect(await refusalOf(store.update(name, extendBoth))).toBe('storage_busy');
  expect(await append(store, name, 'c1', 'stdout', 3, '!')).toBe(4);
  expect(await readText(store, name, 'c1', 'stdout')).toBe('one!');
  expect(await readText(await openKilled(folder), name, 'c1', 'stdout')).toBe('one!');
});

test('an update that could not be stored: its bytes no longer count against the account', async () => {
  const { store, path } = await openData();
  await mkdir(path('stderr'));
  const limits = { sessions: 2, bytes: 7 + 8 };
  for (let tries = 0; tries < 5; tries += 1)
    expect(await refusalOf(store.update(name, extendBoth, limits))).toBe('storage_busy');
  expect(await append(store, name, 'c1', 'stdout', 3, 'x'.repeat(8), limits)).toBe(11);
  expect(await refusalOf(append(store, name, 'c1', 'stdout', 11, 'x', limits))).toBe('address_quota');
});

/** Creates a fifo with the name of stderr: an update that writes to it blocks until `release` and is then refused. */
async function holdStderr(path: string): Promise<() => Promise<void>> {
  execFileSync('mkfifo', [path]);
  let isReleased = false;
  const release = async (): Promise<void> => {
    if (isReleased) return;
    isReleased = true;
    const reader = await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK);
    onTestFinished(() => reader.close());
  };
  onTestFinished(release);
  return release;
}

test('a slow update: reads return the session before it at once, later updates of the session wait', async () => {
  const { store, path } = await openData();
  const release = await holdStderr(path('stderr'));
  const before = await store.read(name);
  const slow = refusalOf(store.update(name, extendBoth));
  const order: string[] = [];
  const later = store.update(name, count).then(() => order.push('later'));
  const released = slow.then(() => order.push('slow'));
  expect(await withDeadline(store.read(name), 5_000, 'a read during an update')).toBe(before);
  const text = readText(store, name, 'c1', 'stdout');
  expect(await withDeadline(text, 5_000, 'bytes during an update')).toBe('one');
  const other = makeSession(nameOf('b'));
  await withDeadline(store.create(other), 5_000, 'another session during an update');
  expect(order).toEqual([]);
  await release();
  expect(await withDeadline(slow, 5_000, 'the slow update')).toBe('storage_busy');
  await withDeadline(Promise.all([later, released]), 5_000, 'the update behind it');
  expect(order).toEqual(['slow', 'later']);
  expect((await store.read(name)).revision).toBe(before.revision + 1);
});

test('a running update reserves its bytes in the account, and frees them when it fails', async () => {
  const { store, path } = await openData();
  const release = await holdStderr(path('stderr'));
  const other = makeSession(nameOf('b'), address);
  await store.create(other);
  const limits = { sessions: 2, bytes: 7 + 8 };
  const slow = refusalOf(store.update(name, extendBoth, limits));
  const push8 = (): Promise<unknown> =>
    refusalOf(store.update(other.name, (session) => addCommand(session, '01234567'), limits));
  expect(await withDeadline(push8(), 5_000, 'the refusal')).toBe('address_quota');
  await release();
  expect(await withDeadline(slow, 5_000, 'the slow update')).toBe('storage_busy');
  expect(await push8()).toBeUndefined();
});
