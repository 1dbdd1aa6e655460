/** The file store removes files whose bytes the session no longer has. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endCommand } from '../../src/session/command.ts';
import { evict } from '../../src/session/quota.ts';
import { findCommand, replaceCommand } from '../../src/session/session.ts';
import type { Store } from '../../src/store/store.ts';
import { makeFolder, open, openKilled } from './folder-kit.ts';
import { append, makeSession, push, readStored, readText } from './store-kit.ts';

const { name } = makeSession();
const flows = ['stdin', 'stdout', 'stderr'] as const;

/** Two commands with bytes in each part. */
async function openData(): Promise<{
  folder: string;
  store: Store;
  list: (id: string) => Promise<string[]>;
}> {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  for (const id of ['c1', 'c2']) {
    await push(store, name, 'echo');
    for (const flow of flows) {
      await append(store, name, id, flow, 0, 'first ');
      // stderr gets only one piece.
      if (flow !== 'stderr') await append(store, name, id, flow, 6, 'second');
    }
  }
  const list = async (id: string): Promise<string[]> => {
    const found = await readdir(join(folder, 'sessions', name, id)).catch(() => ['no folder']);
    return found.toSorted();
  };
  return { folder, store, list };
}

test('an evicted command: only its script file stays, also after a kill', async () => {
  const { folder, store, list } = await openData();
  await store.update(name, (session) => {
    const ended = replaceCommand(session, endCommand(findCommand(session, 'c1'), 'finished', 1));
    return { session: evict(ended, new Set(['c1'])), result: 0 };
  });
  expect(await list('c1')).toEqual(['script']);
  expect(await list('c2')).toEqual(['script', 'stderr', 'stdin', 'stdout']);
  const warnings: string[] = [];
  const after = await openKilled(folder, (line) => warnings.push(line));
  for (const flow of flows) expect(await readStored(after, name, 'c1', flow)).toBe('');
  expect(await readText(after, name, 'c1', 'script')).toBe('echo');
  expect(findCommand(await after.read(name), 'c1')).toMatchObject({ stdoutBytes: 12, isEvicted: true });
  expect(warnings).toEqual([]);
});

test('a dropped command: its folder is removed', async () => {
  const { store, list } = await openData();
  await store.update(name, (session) => ({
    session: { ...session, commands: session.commands.slice(1) },
    result: 0,
  }));
  expect(await list('c1')).toEqual(['no folder']);
  expect(await list('c2')).toEqual(['script', 'stderr', 'stdin', 'stdout']);
});

test('a command that is evicted, then dropped: its folder is removed', async () => {
  const { store, list } = await openData();
  await store.update(name, (session) => ({ session: evict(session, new Set(['c1'])), result: 0 }));
  await store.update(name, (session) => ({
    session: { ...session, commands: session.commands.slice(1) },
    result: 0,
  }));
  expect(await list('c1')).toEqual(['no folder']);
});

test('one update evicts one command and drops another: each loses only its own files', async () => {
  const { store, list } = await openData();
  await push(store, name, 'pwd');
  await append(store, name, 'c3', 'stdout', 0, 'out');
  await store.update(name, (session) => {
    const evicted = evict(session, new Set(['c3']));
    return { session: { ...evicted, commands: evicted.commands.filter(({ id }) => id !== 'c2') }, result: 0 };
  });
  expect(await list('c1')).toEqual(['script', 'stderr', 'stdin', 'stdout']);
  expect(await list('c2')).toEqual(['no folder']);
  expect(await list('c3')).toEqual(['script']);
});
