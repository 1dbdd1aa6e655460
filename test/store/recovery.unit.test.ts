/** Recovery: the relay starts on a store folder that is damaged, or was left in the middle of a change. */
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { countPastKeys, rememberKeys } from '../../src/session/past-keys.ts';
import { endCommand } from '../../src/session/command.ts';
import { usedBytes } from '../../src/session/open-commands.ts';
import { findCommand, replaceCommand, type Session } from '../../src/session/session.ts';
import { JournalState } from '../../src/store/journal-state.ts';
import { copyAsKilled, makeFolder, open } from './folder-kit.ts';
import { readEntries, renderLine } from './journal-kit.ts';
import { makeEnded } from './past-key-kit.ts';
import { append, makeSession, partBytes, push, readText } from './store-kit.ts';

const { name } = makeSession();
const now = 1_700_000_000_000;
const hourMs = 3_600_000;

test('truncated output file of a lost command: output continues at the end of the file, without a gap of zeros', async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  await push(store, name, 'make');
  await append(store, name, 'c1', 'stdout', 0, 'one two three');
  await store.update(name, (session) => ({
    session: replaceCommand(session, endCommand(findCommand(session, 'c1'), 'lost', 1)),
    result: undefined,
  }));
  const copy = await copyAsKilled(folder);
  await truncate(join(copy, 'sessions', name, 'c1', 'stdout'), 4);
  const after = await open(copy);
  const end = partBytes(await after.read(name), 'c1', 'stdout');
  await append(after, name, 'c1', 'stdout', end, 'four');
  expect(await readText(after, name, 'c1', 'stdout')).toBe('one four');
});

test('a journal of format 2 with a damaged first line: its sizes are read', async () => {
  const folder = await makeFolder();
  await mkdir(folder, { recursive: true });
  const { stdinBytes: _in, stdoutBytes: _out, stderrBytes: _err, ...command } = makeEnded(1, 5);
  const lines = [
    renderLine({ format: 2 }).replace('2', '7'),
    renderLine({ session: makeSession(), commands: [command], ends: { 'c1/stdout': 4 } }),
    renderLine({ grown: name, ends: { 'c1/stdout': 5 } }),
  ];
  await writeFile(join(folder, 'journal'), lines.join(''));
  const warnings: string[] = [];
  const after = await open(folder, (line) => warnings.push(line));
  expect(usedBytes(await after.read(name))).toBe(command.scriptBytes + 5);
  expect(warnings).toHaveLength(1);
});

function remember(session: Session, first: number, count: number, at: number): Session {
  const commands = Array.from({ length: count }, (_, index) => makeEnded(first + index, at));
  return { ...session, pastKeys: rememberKeys(session.pastKeys, commands, at) };
}

test('a damaged line with Idempotency-Keys: the lost keys do not cause younger keys to be dropped', () => {
  const kept = new JournalState();
  let session = makeSession();
  const entries = [
    [0, 256, now],
    [256, 256, now],
    [512, 10, now + hourMs],
  ].map(([first = 0, count = 0, at = 0]) => {
    session = remember(session, first, count, at);
    const entry = kept.describe(session);
    kept.put(session);
    return entry;
  });
  expect(session.pastKeys.dropped).toBe(512);
  expect(countPastKeys(session.pastKeys)).toBe(10);
  const again = new JournalState();
  for (const index of [0, 2]) again.take(structuredClone(entries[index] ?? {}));
  const found = again.find(name);
  expect(found && countPastKeys(found.pastKeys)).toBe(10);
});

test('a session that is missing in the journal: the next entry has all of its Idempotency-Keys', () => {
  const session = remember(remember(makeSession(), 0, 256, now), 256, 10, now + hourMs);
  const again = new JournalState();
  again.take(structuredClone(new JournalState().describe(session)));
  const found = again.find(name);
  expect(found && countPastKeys(found.pastKeys)).toBe(10);
});

test('the first line of a new journal cannot be written at the start: it is written with the first change', async () => {
  const folder = await makeFolder();
  await mkdir(join(folder, 'journal.new', 'x'), { recursive: true });
  const store = await open(folder);
  await store.create(makeSession());
  expect((await readEntries(join(folder, 'journal')))[0]).toEqual({ format: 3 });
});
