import { copyFile, mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { Session } from '../../src/session/session.ts';
import { openFileStore } from '../../src/store/file-store.ts';
import { type Entry, Journal, type JournalOptions } from '../../src/store/journal.ts';
import { KeptSessions } from '../../src/store/kept-sessions.ts';
import type { Store } from '../../src/store/store.ts';
import { seed } from '../harness/seed.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { addCommand, count, makeSession, read, readText } from './store-kit.ts';

async function makeFolder(): Promise<string> {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  return folder.path;
}

/** As a relay finds it that starts; the one before was killed, as nothing is closed before the end of the test. */
async function open(folder: string, warn: (line: string) => void = () => undefined): Promise<Store> {
  const store = await openFileStore(folder, warn);
  onTestFinished(() => store.close());
  return store;
}

const { name } = makeSession();

/** Where its lines end. */
async function readEnds(path: string): Promise<number[]> {
  const text = await readFile(path);
  return [...text.keys()].filter((at) => text[at] === 0x0a).map((at) => at + 1);
}

test('a journal cut at any byte of its last three records: all that was acknowledged before is there', {
  timeout: 120_000,
}, async () => {
  const folder = await makeFolder();
  const store = await open(join(folder, 'whole'));
  const path = join(folder, 'whole', 'journal');
  await store.create(makeSession());
  await store.update(name, (session) => addCommand(session, 'echo 1'));
  await store.append(name, 'c1', 'stdout', 0, Buffer.from('one\n'));
  /** What was acknowledged by when the journal had this size. */
  const states: { size: number; session: Session; output: string }[] = [];
  const note = async (): Promise<void> => {
    const { size } = await stat(path);
    states.push({
      size,
      session: await read(store, name),
      output: await readText(store, name, 'c1', 'stdout'),
    });
  };
  await note();
  await store.update(name, (session) => addCommand(session, 'echo 2'));
  await note();
  await store.append(name, 'c1', 'stdout', 4, Buffer.from('two\n'));
  await note();
  await store.update(name, count);
  await note();

  const [first = 0, , , last = 0] = states.map(({ size }) => size);
  expect(await readEnds(path)).toEqual(expect.arrayContaining(states.map(({ size }) => size)));
  const copy = join(folder, 'cut');
  await mkdir(join(copy, 'sessions', name, 'c1'), { recursive: true });
  for (const part of ['script', 'stdout'])
    await copyFile(
      join(folder, 'whole', 'sessions', name, 'c1', part),
      join(copy, 'sessions', name, 'c1', part),
    );
  for (let size = first; size <= last; size += 1) {
    await copyFile(path, join(copy, 'journal'));
    await truncate(join(copy, 'journal'), size);
    const warnings: string[] = [];
    const after = await openFileStore(copy, (line) => warnings.push(line));
    const expected = states.findLast((state) => state.size <= size);
    expect({ at: size, session: await read(after, name) }).toEqual({ at: size, session: expected?.session });
    expect(await readText(after, name, 'c1', 'stdout')).toBe(expected?.output);
    expect(warnings).toEqual([]);
    expect((await stat(join(copy, 'journal'))).size).toBe(expected?.size);
    // It goes on behind the cut, and the next start finds that as well.
    await after.update(name, count);
    const { revision } = await read(after, name);
    const again = await openFileStore(copy, (line) => warnings.push(line));
    expect((await read(again, name)).revision).toBe(revision);
    await again.close();
    await after.close();
  }
});

test.each([
  ['a flipped bit', (line: Buffer) => line.fill((line[20] ?? 0) ^ 1, 20, 21)],
  ['zeros', (line: Buffer) => line.fill(0, 0, line.length - 1)],
  ['another checksum', (line: Buffer) => line.fill('0', 0, 8)],
  ['a line end', (line: Buffer) => line.fill('\n', 30, 31)],
])('a line that holds %s is passed over with a warning, and those behind it count', async (_name, damage) => {
  const folder = await makeFolder();
  const store = await open(folder);
  const path = join(folder, 'journal');
  await store.create(makeSession());
  const other = makeSession('b'.repeat(64));
  await store.create(other);
  await store.update(name, (session) => addCommand(session, 'echo 1'));
  await store.update(name, (session) => addCommand(session, 'echo 2'));
  const expected = await read(store, name);
  const text = await readFile(path);
  const [, , second = 0, third = 0] = await readEnds(path);
  damage(text.subarray(second, third));
  await writeFile(path, text);
  const warnings: string[] = [];
  const after = await open(folder, (line) => warnings.push(line));
  expect(warnings).toEqual([
    expect.stringMatching(/^the journal is damaged: [12] of its lines cannot be read/),
  ]);
  // The line that is lost told of the first command; the next one tells only of the second.
  expect(await read(after, name)).toEqual({ ...expected, commands: expected.commands.slice(1) });
  expect(await after.list()).toContainEqual(other);
});

test('a journal of a later relay is refused, and left as it is', async () => {
  const folder = await makeFolder();
  const path = join(folder, 'journal');
  const journal = await Journal.open(
    { path, durability: 'process', warn: () => undefined, snapshot: () => [{ format: 3 }] },
    () => undefined,
  );
  await journal.append([{ session: { name } }], () => undefined);
  const text = await readFile(path, 'utf8');
  await expect(openFileStore(folder, () => undefined)).rejects.toThrow('a journal of format 3');
  expect(await readFile(path, 'utf8')).toBe(text);
});

/** A journal of numbered entries that remembers all of them. */
async function openNumbers(
  path: string,
  { durability = 'process' }: Partial<JournalOptions> = {},
): Promise<{ journal: Journal; taken: Entry[]; warnings: string[] }> {
  const taken: Entry[] = [];
  const warnings: string[] = [];
  const options = {
    path,
    durability,
    snapshot: () => taken,
    warn: (line: string) => void warnings.push(line),
  };
  return { journal: await Journal.open(options, (entry) => taken.push(entry)), taken, warnings };
}

test.each(['process', 'power'] as const)(
  'appends of one moment are kept in their order, whole, for %s',
  async (durability) => {
    const path = join(await makeFolder(), 'journal');
    const { journal, taken } = await openNumbers(path, { durability });
    const entries = Array.from({ length: 1_000 }, (_, number) => ({ number, text: 'ö'.repeat(number % 50) }));
    await Promise.all(entries.map((entry) => journal.append([entry], () => taken.push(entry))));
    expect(taken).toEqual(entries);
    expect((await openNumbers(path)).taken).toEqual(entries);
  },
);

test('a journal that outgrew what it holds is told anew, while it is in use', async () => {
  const path = join(await makeFolder(), 'journal');
  const kept = new Map<unknown, Entry>();
  const options: JournalOptions = {
    path,
    durability: 'process',
    snapshot: () => kept.values(),
    warn: (line) => expect.fail(line),
  };
  const journal = await Journal.open(options, () => undefined);
  const padding = 'x'.repeat(20_000);
  for (let round = 0; round < 100; round += 1) {
    await Promise.all(
      Array.from({ length: 10 }, (_, id) => {
        const entry = { id, round, padding };
        return journal.append([entry], () => kept.set(id, entry));
      }),
    );
  }
  // 20 MB were written; ten entries are 0.2 MB.
  expect((await stat(path)).size).toBeLessThan(10 * 1024 * 1024);
  const latest = new Map<unknown, Entry>();
  await Journal.open(options, (entry) => latest.set(entry['id'], entry));
  expect([...latest.values()]).toEqual([...kept.values()]);
});

test('where it cannot be told anew, it goes on as it is, with a warning', async () => {
  const path = join(await makeFolder(), 'journal');
  const { journal, taken, warnings } = await openNumbers(path);
  await mkdir(`${path}.new`);
  const text = 'x'.repeat(1024 * 1024);
  for (let number = 0; number < 10; number += 1) {
    const entry = { number, text };
    await journal.append([entry], () => taken.push(entry));
  }
  expect(warnings).toEqual(['the journal could not be shortened, it goes on as it is']);
  expect((await readEnds(path)).length).toBe(10);
});

test('what a session was told in changes is what it is', async () => {
  const change = fc.oneof(
    fc.record({ what: fc.constant('push' as const) }),
    fc.record({ what: fc.constant('change' as const), which: fc.nat(9) }),
    fc.record({ what: fc.constant('forget' as const), which: fc.nat(9) }),
    fc.record({ what: fc.constant('grow' as const), which: fc.nat(9), bytes: fc.nat(99) }),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const told = new KeptSessions();
      const entries: Entry[] = [];
      let session = makeSession();
      const tell = (next: Session, ends: Record<string, number> = {}): void => {
        entries.push(structuredClone(told.describe(next, ends)));
        told.put(next, ends);
        session = next;
      };
      tell(session);
      for (const step of changes) {
        const { commands } = session;
        if (step.what === 'push') {
          const outcome = addCommand(session, 'echo');
          tell(outcome.session, { [`${outcome.result}/script`]: 4 });
          continue;
        }
        const chosen = commands[step.which % Math.max(1, commands.length)];
        if (!chosen) continue;
        if (step.what === 'forget') tell({ ...session, commands: commands.filter((one) => one !== chosen) });
        if (step.what === 'change') {
          const later = { ...chosen, cancelCount: chosen.cancelCount + 1 };
          tell({ ...session, commands: commands.map((one) => (one === chosen ? later : one)) });
        }
        if (step.what === 'grow') {
          const place = `${chosen.id}/stdout`;
          const end = (told.find(name)?.ends.get(place) ?? 0) + step.bytes;
          entries.push({ grown: name, ends: { [place]: end } });
          told.grow(name, place, end);
        }
      }
      const heard = new KeptSessions();
      for (const entry of entries) heard.take(entry);
      expect(heard.find(name)).toEqual(told.find(name));
      const again = new KeptSessions();
      for (const entry of heard.snapshot()) again.take(entry);
      expect(again.find(name)).toEqual(told.find(name));
      const total = [...(told.find(name)?.ends.values() ?? [])].reduce((sum, end) => sum + end, 0);
      expect(told.find(name)?.bytes).toBe(total);
    }),
    { seed, numRuns: 500 },
  );
});
