import fc from 'fast-check';
import { rm } from 'node:fs/promises';
import { afterAll, expect, test } from 'vitest';
import { usedBytes } from '../../src/session/quota.ts';
import type { Session } from '../../src/session/session.ts';
import { openFileStore } from '../../src/store/file-store.ts';
import { openMemoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createRandom } from '../harness/random.ts';
import { seed } from '../harness/seed.ts';
import { copyAsKilled, makeFolder } from './folder-kit.ts';
import { drawHardships, hardenStore } from './hard-store.ts';
import { address, Clients, limits, names, patternOf, step } from './interleaving-kit.ts';
import { addCommand, count, partBytes, refusalOf } from './store-kit.ts';

const options = { warn: (line: string): void => expect.fail(line) };

async function readSessions(store: Store): Promise<Session[]> {
  const found: Session[] = [];
  for (const name of names) if (await store.has(name)) found.push(await store.read(name));
  expect(await store.count()).toBe(found.length);
  return found;
}

/** All parts are as long as the session says, or gone, and made of what was sent. */
async function expectBytes(store: Store, { name, commands, ...session }: Session): Promise<void> {
  for (const { id, idempotencyKey, isEvicted } of commands) {
    for (const part of ['script', 'stdout', 'stderr'] as const) {
      const size = partBytes({ name, commands, ...session }, id, part);
      const found = await store.readBytes(name, id, part, 0, isEvicted && part !== 'script' ? 9_999 : size);
      const expected = patternOf(idempotencyKey ?? '', part, 0, size);
      expect(`${id}/${part} ${found.toString('hex')}`).toBe(`${id}/${part} ${expected.toString('hex')}`);
    }
  }
}

/** What was acknowledged is listed, and is no shorter than that. */
function expectAcknowledged(sessions: readonly Session[], clients: Clients): void {
  for (const { createdAt, key, stdoutBytes, stderrBytes } of clients.acknowledged.values()) {
    const session = sessions.find((one) => one.createdAt === createdAt);
    if (!session) continue;
    const command = session.commands.find(({ idempotencyKey }) => idempotencyKey === key);
    expect(command?.stdoutBytes, `stdout of ${key}`).toBeGreaterThanOrEqual(stdoutBytes);
    expect(command?.stderrBytes, `stderr of ${key}`).toBeGreaterThanOrEqual(stderrBytes);
  }
}

/** The store counts for the account what its sessions hold: not a byte more is taken, and not a byte less. */
async function expectAccount(store: Store, sessions: readonly Session[]): Promise<void> {
  const listed = await store.listAccount(address);
  expect(listed.toSorted()).toEqual(sessions.map(({ name }) => name).toSorted());
  const [first] = sessions;
  if (!first) return;
  const used = sessions.reduce((sum, session) => sum + usedBytes(session), 0);
  const pushTwo = (bytes: number): Promise<unknown> =>
    refusalOf(store.update(first.name, (session) => addCommand(session, 'xy'), { ...limits, bytes }));
  expect(await pushTwo(used + 1), `an account of ${used} bytes, of ${used + 1}`).toBe('address_quota');
  expect(await pushTwo(used + 2), `an account of ${used} bytes, of ${used + 2}`).toBeUndefined();
}

const totals = new Map<string, number>();

/** Two clients at once; afterwards all that holds of one store. Resolves with its sessions. */
async function runClients(
  store: Store,
  hard: Store,
  steps: Parameters<Clients['run']>[0][],
): Promise<Session[]> {
  const clients = new Clients(hard);
  for (const name of names) await clients.create(name);
  await Promise.all(steps.map((list) => clients.run(list)));
  for (const [what, times] of clients.counts) totals.set(what, (totals.get(what) ?? 0) + times);
  const sessions = await readSessions(store);
  expectAcknowledged(sessions, clients);
  for (const session of sessions) await expectBytes(store, session);
  await expectAccount(store, sessions);
  return sessions;
}

/** Looking for the smallest failing case may take longer than the test may. */
const patience = { interruptAfterTimeLimit: 90_000, markInterruptAsFailure: true };

const clientSteps = fc.array(step, { minLength: 5, maxLength: 40 });
const given = [clientSteps, clientSteps, fc.nat()] as const;

afterAll(() => {
  // Otherwise the runs below showed less than they seem to.
  const rare = [
    'push',
    'claim',
    'append',
    'finish',
    'cancel',
    'evict',
    'renew',
    'session_quota',
    'address_quota',
  ];
  expect(rare.filter((what) => (totals.get(what) ?? 0) < 5)).toEqual([]);
});

test('two clients of a memory store with lost answers: all acknowledged bytes are there, and are counted', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(...given, async (first, second, draw) => {
      const store = await openMemoryStore();
      const hard = hardenStore(store, drawHardships(createRandom(draw), 5, 3));
      await runClients(store, hard, [first, second]);
      await store.close();
    }),
    { seed, numRuns: 150, ...patience },
  );
});

test('two clients of a file store with lost answers: the same, and after a kill all of it is there again', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(...given, async (first, second, draw) => {
      const folder = await makeFolder();
      const store = await openFileStore(folder, options);
      const hard = hardenStore(store, drawHardships(createRandom(draw), 5, 3));
      await runClients(store, hard, [first, second]);
      // Quiet changes are written with the next loud one.
      for (const name of names) if (await store.has(name)) await store.update(name, count);
      const copy = await copyAsKilled(folder);
      const again = await openFileStore(copy, options);
      const sessions = await readSessions(store);
      expect(await readSessions(again)).toEqual(sessions);
      for (const session of sessions) await expectBytesAlike(store, again, session);
      await expectAccount(again, sessions);
      await again.close();
      await store.close();
      for (const path of [copy, folder]) await rm(path, { recursive: true });
    }),
    { seed, numRuns: 40, ...patience },
  );
});

/** After a kill the same bytes are there. */
async function expectBytesAlike(store: Store, again: Store, { name, commands }: Session): Promise<void> {
  for (const { id } of commands)
    for (const part of ['script', 'stdin', 'stdout', 'stderr'] as const)
      expect(await again.readBytes(name, id, part, 0, 9_999)).toEqual(
        await store.readBytes(name, id, part, 0, 9_999),
      );
}
