/** Idempotency-Keys of dropped commands: the journal restores all that the session still remembers, and no others. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pastKeyMs } from '../../src/protocol/limits.ts';
import { countPastKeys, findPastKey, type PastKeys, rememberKeys } from '../../src/session/past-keys.ts';
import type { Session } from '../../src/session/session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { makeFolder, open, openKilled } from './folder-kit.ts';
import { openSessions } from './journal-kit.ts';
import { makeEnded } from './past-key-kit.ts';
import { makeSession } from './store-kit.ts';
import { forTest } from '../harness/for-test.ts';

const { name, createdAt: start } = makeSession();

async function makePath(): Promise<string> {
  const folder = await forTest(makeTemporaryFolder());
  return join(folder.path, 'journal');
}

/** Adds the keys of `many` commands that ended at `now`. */
function remember(session: Session, first: number, many: number, now: number): Session {
  const ended = Array.from({ length: many }, (_, index) => makeEnded(first + index, now));
  return { ...session, pastKeys: rememberKeys(session.pastKeys, ended, now) };
}

function expectSameKeys(found: PastKeys, expected: PastKeys, upTo: number): void {
  expect(found.dropped).toBe(expected.dropped);
  expect(countPastKeys(found)).toBe(countPastKeys(expected));
  for (let number = 0; number <= upTo; number += 1) {
    const key = `key-${number}`;
    expect(findPastKey(found, key)).toEqual(findPastKey(expected, key));
  }
}

/** A few keys with each change, over more than two hours: some 2,500 in all, of which the oldest are dropped. */
function* rememberMany(): Generator<Session> {
  let session = makeSession();
  for (let step = 0; step < 250; step += 1) {
    session = remember(session, step * 10, 10, start + (step * pastKeyMs) / 100);
    yield session;
  }
}

test('2,500 keys, the oldest dropped: the journal, opened again, has the same keys', async () => {
  const path = await makePath();
  const { journal, kept } = await openSessions(path);
  let latest = makeSession();
  for (const session of rememberMany()) {
    await journal.append([kept.describe(session)], () => kept.put(session));
    latest = session;
  }
  expect(latest.pastKeys.dropped).toBeGreaterThan(1_000);
  expect(countPastKeys(latest.pastKeys)).toBeGreaterThan(1_000);
  expect(findPastKey(latest.pastKeys, 'key-0')).toBeUndefined();
  expect(findPastKey(latest.pastKeys, 'key-2499')).toMatchObject({ id: 'c2499', digest: 'digest-2499' });
  const { kept: again } = await openSessions(path);
  expectSameKeys(again.find(name)?.pastKeys ?? expect.fail('no session'), latest.pastKeys, 2_500);
});

test('more than 2,000 keys in a snapshot, then changes: the journal, opened again, has the same keys', async () => {
  const path = await makePath();
  const { journal, kept } = await openSessions(path);
  let session = remember(remember(makeSession(), 0, 300, start), 300, 2_600, start + pastKeyMs);
  expect(session.pastKeys.dropped).toBe(300);
  const padding = 'x'.repeat(1024 * 1024);
  await journal.append([kept.describe(session)], () => kept.put(session));
  // Enough to rewrite the journal, which happens after the last of them.
  for (let index = 0; index < 9; index += 1) await journal.append([{ padding }], () => undefined);
  session = remember(session, 2_900, 5, start + 2 * pastKeyMs + 1);
  await journal.append([kept.describe(session)], () => kept.put(session));
  await journal.close();
  expect((await stat(path)).size).toBeLessThan(2 * 1024 * 1024);
  expect(session.pastKeys.dropped).toBe(2_900);
  const { journal: second, kept: again } = await openSessions(path);
  expectSameKeys(again.find(name)?.pastKeys ?? expect.fail('no session'), session.pastKeys, 2_905);
  const last = remember(session, 2_905, 5, start + 2 * pastKeyMs + 2);
  await second.append([again.describe(last)], () => again.put(last));
  const { kept: third } = await openSessions(path);
  expectSameKeys(third.find(name)?.pastKeys ?? expect.fail('no session'), last.pastKeys, 2_910);
});

test('a change of a session with many keys writes only the new keys', async () => {
  const path = await makePath();
  const { journal, kept } = await openSessions(path);
  const session = remember(makeSession(), 0, 2_000, start);
  await journal.append([kept.describe(session)], () => kept.put(session));
  const { size } = await stat(path);
  const later = remember(session, 2_000, 1, start + 1);
  await journal.append([kept.describe(later)], () => kept.put(later));
  expect((await stat(path)).size - size).toBeLessThan(2_000);
});

test('a file store that is killed: the keys are there after the next start', async () => {
  const folder = await makeFolder();
  const store = await open(folder);
  await store.create(makeSession());
  for (const session of rememberMany())
    await store.update(name, (before) => ({
      session: { ...before, pastKeys: session.pastKeys, revision: before.revision + 1 },
      result: 0,
    }));
  const { pastKeys } = await store.read(name);
  const after = await openKilled(folder);
  expectSameKeys((await after.read(name)).pastKeys, pastKeys, 2_500);
});
