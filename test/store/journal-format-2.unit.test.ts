/** A journal of format 2, written by hand: sizes are separate from the sessions, and there are no keys of dropped commands. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { openFileStore } from '../../src/store/file-store.ts';
import type { Entry } from '../../src/store/journal-lines.ts';
import { JournalState } from '../../src/store/journal-state.ts';
import { copyAsKilled, makeFolder, open, openKilled } from './folder-kit.ts';
import { readEntries, renderLine } from './journal-kit.ts';
import { append, makeSession, nameOf, partBytes, push, readText, refusalOf } from './store-kit.ts';

const address = '192.0.2.7';
const name = nameOf('a');
const removed = nameOf('b');

/** As the last relay with format 2 wrote it, without newer fields. */
const session = {
  name,
  createdAt: 1_700_000_000_000,
  madeFrom: address,
  touchedAt: 1_700_000_000_500,
  revision: 4,
  nextNumber: 3,
  listener: null,
  slotResult: null,
};

function describeCommand(id: string, state: string, script: string): Entry {
  return {
    id,
    origin: 'commands',
    state,
    scriptBytes: script.length,
    digest: `digest of ${id}`,
    idempotencyKey: `key-${id}`,
    pushedBy: null,
    merge: false,
    stdin: 'none',
    timeoutSeconds: 0,
    pushedAt: 1_700_000_000_100,
    expiresAt: null,
    listenerId: null,
    listenerHost: null,
    shownAt: null,
    startedAt: null,
    heardAt: null,
    endedAt: state === 'finished' ? 1_700_000_000_400 : null,
    exitStatus: state === 'finished' ? 0 : null,
    signal: null,
    reason: null,
    cancelSignal: null,
    cancelCount: 0,
  };
}

const files = {
  'c1/script': 'make',
  'c1/stdout': 'one two',
  'c1/stderr': 'oops',
  'c2/script': 'cat',
  'c2/stdin': 'input',
  'c2/stdout': 'out',
};

const entries: Entry[] = [
  { format: 2 },
  { session: { ...session, name: removed }, commands: [], ends: { 'c1/stdout': 99 } },
  { session: { ...session, revision: 1, nextNumber: 1 } },
  {
    session: { ...session, revision: 2, nextNumber: 2 },
    commands: [describeCommand('c0', 'finished', 'old'), describeCommand('c1', 'running', 'make')],
    ends: { 'c0/script': 3, 'c1/script': 4 },
  },
  { grown: name, ends: { 'c1/stdout': 3 } },
  { grown: removed, ends: { 'c1/stdout': 100 } },
  { grown: name, ends: { 'c1/stdout': 7 } },
  { removed },
  {
    session: { ...session, revision: 3 },
    commands: [describeCommand('c2', 'queued', 'cat')],
    dropped: ['c0'],
    ends: { 'c2/script': 3 },
  },
  { grown: name, ends: { 'c2/stdin': 5, 'c2/stdout': 3 } },
  { session, commands: [describeCommand('c1', 'finished', 'make')], ends: { 'c1/stderr': 4 } },
];

async function writeData(): Promise<{ folder: string; path: string; text: string }> {
  const folder = await makeFolder();
  for (const [place, bytes] of Object.entries(files)) {
    const path = join(folder, 'sessions', name, place);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
  const path = join(folder, 'journal');
  const text = entries.map(renderLine).join('');
  await writeFile(path, text);
  return { folder, path, text };
}

test('a journal of format 2: sessions, commands and sizes are kept', async () => {
  const { folder } = await writeData();
  const warnings: string[] = [];
  const store = await open(folder, (line) => warnings.push(line));
  expect(warnings).toEqual([]);
  expect(await store.count()).toBe(1);
  const found = await store.read(name);
  const added = { cut: null, wasRefused: false, isEvicted: false };
  expect(found).toEqual({
    ...makeSession(),
    ...session,
    commands: [
      {
        ...describeCommand('c1', 'finished', 'make'),
        ...added,
        stdinBytes: 0,
        stdoutBytes: 7,
        stderrBytes: 4,
      },
      { ...describeCommand('c2', 'queued', 'cat'), ...added, stdinBytes: 5, stdoutBytes: 3, stderrBytes: 0 },
    ],
  });
  for (const [place, bytes] of Object.entries(files)) {
    const [id = '', part = ''] = place.split('/');
    expect(await readText(store, name, id, part as 'script')).toBe(bytes);
  }
  expect(partBytes(found, 'c1', 'stdout')).toBe('one two'.length);
});

test('opening a journal of format 2 rewrites it in format 3, and later starts read the same data', async () => {
  const { folder, path } = await writeData();
  const first = await open(folder);
  const found = await first.read(name);
  const written = await readEntries(path);
  expect(written[0]).toEqual({ format: 3 });
  expect(written.filter((entry) => 'grown' in entry || 'ends' in entry)).toEqual([]);
  expect(await (await openKilled(folder)).read(name)).toEqual(found);
  await append(first, name, 'c2', 'stdout', 3, 'put');
  await push(first, name, 'pwd');
  const after = await openKilled(folder);
  expect(await after.read(name)).toEqual(await first.read(name));
  expect(await readText(after, name, 'c2', 'stdout')).toBe('output');
});

test('a journal of format 2: its bytes count against their account', async () => {
  const { folder } = await writeData();
  const store = await open(folder);
  const used = Object.values(files).join('').length;
  const limits = { sessions: 1, bytes: used + 1 };
  expect(await store.listAccount(address)).toEqual([name]);
  expect(await refusalOf(append(store, name, 'c2', 'stdout', 3, 'xy', limits))).toBe('address_quota');
  expect(await append(store, name, 'c2', 'stdout', 3, 'x', limits)).toBe(4);
});

test('a journal of format 2 that cannot be rewritten: the open fails, the journal is unchanged', async () => {
  const { folder, path, text } = await writeData();
  // Not empty, so that it cannot be removed either.
  await mkdir(join(`${path}.new`, 'something'), { recursive: true });
  await expect(openFileStore(folder, { warn: () => undefined })).rejects.toThrow('journal.new');
  expect(await readFile(path, 'utf8')).toBe(text);
  await rm(`${path}.new`, { recursive: true });
  expect((await (await open(folder)).read(name)).commands).toHaveLength(2);
});

test('a journal of format 2 with an unfinished last line: all acknowledged data before it is kept', async () => {
  const { folder, path, text } = await writeData();
  await writeFile(path, text + renderLine({ grown: name, ends: { 'c2/stdout': 99 } }).slice(0, -3));
  const warnings: string[] = [];
  const store = await open(folder, (line) => warnings.push(line));
  expect(warnings).toEqual([]);
  expect(partBytes(await store.read(name), 'c2', 'stdout')).toBe(3);
});

test('a journal of format 2 with a larger size than the file: the session gets the real size, with a warning', async () => {
  const { folder } = await writeData();
  const copy = await copyAsKilled(folder);
  await writeFile(join(copy, 'sessions', name, 'c2', 'stdin'), 'inp');
  const warnings: string[] = [];
  const store = await open(copy, (line) => warnings.push(line));
  expect(warnings).toEqual([`session ${name.slice(0, 8)}: 2 bytes of c2/stdin are missing`]);
  expect(partBytes(await store.read(name), 'c2', 'stdin')).toBe(3);
});

test('a session of format 2 that was removed and created again: sizes of the earlier session do not count', () => {
  const kept = new JournalState();
  for (const entry of [
    ...entries,
    { removed: name },
    { session, commands: [describeCommand('c1', 'queued', 'make')], ends: { 'c1/script': 4 } },
  ])
    kept.take(entry);
  expect(kept.finishReading()).toBe(true);
  expect(kept.find(name)?.commands).toMatchObject([
    { id: 'c1', stdoutBytes: 0, stderrBytes: 0, stdinBytes: 0 },
  ]);
  expect(kept.list()).toHaveLength(1);
});
