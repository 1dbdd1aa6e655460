/** Checks of a store after several clients did random steps at the same time. */
import { expect } from 'vitest';
import { usedBytes } from '../../src/session/open-commands.ts';
import type { Session } from '../../src/session/session.ts';
import type { Store } from '../../src/store/store.ts';
import { address, Clients, limits, names, patternOf } from './interleaving-kit.ts';
import { addCommand, partBytes, refusalOf } from './store-kit.ts';

export async function readSessions(store: Store): Promise<Session[]> {
  const found: Session[] = [];
  for (const name of names) if (await store.has(name)) found.push(await store.read(name));
  expect(await store.count()).toBe(found.length);
  return found;
}

/** Each part has the size that the session says, or was evicted, and has the bytes that were sent. */
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

/** Each acknowledged command is listed, and its output is no shorter than acknowledged. */
function expectAcknowledged(sessions: readonly Session[], clients: Clients): void {
  for (const { createdAt, key, stdoutBytes, stderrBytes } of clients.acknowledged.values()) {
    const session = sessions.find((one) => one.createdAt === createdAt);
    if (!session) continue;
    const command = session.commands.find(({ idempotencyKey }) => idempotencyKey === key);
    expect(command?.stdoutBytes, `stdout of ${key}`).toBeGreaterThanOrEqual(stdoutBytes);
    expect(command?.stderrBytes, `stderr of ${key}`).toBeGreaterThanOrEqual(stderrBytes);
  }
}

/** The account counts exactly the bytes of its sessions: the quota check is exact to the byte. */
export async function expectAccount(store: Store, sessions: readonly Session[]): Promise<void> {
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

/**
 * Runs one client for each list of steps, all at the same time, then checks the store. Resolves with its sessions. The clients use
 * `hard`, the checks use `store`; `totals` counts the acknowledged steps.
 */
export async function runClients(
  store: Store,
  hard: Store,
  steps: Parameters<Clients['run']>[0][],
  totals: Map<string, number>,
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

/** Checks that each kind of step and refusal occurred at least `least` times, so that the runs tested it. */
export function expectAllOf(totals: ReadonlyMap<string, number>, least: number): void {
  const kinds = [
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
  expect(kinds.filter((what) => (totals.get(what) ?? 0) < least)).toEqual([]);
}
