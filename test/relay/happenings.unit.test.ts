import { expect, onTestFinished, test } from 'vitest';
import { Refusal } from '../../src/protocol/errors.ts';
import type { SessionEvent } from '../../src/relay/session-event.ts';
import { Sessions } from '../../src/relay/sessions.ts';
import type { NewCommand } from '../../src/session/command.ts';
import { pushCommand } from '../../src/session/push-command.ts';
import { claimNext } from '../../src/session/serve-listener.ts';
import { dueAt } from '../../src/session/apply-transition.ts';
import { createSession, type Session } from '../../src/session/session.ts';
import { openMemoryStore } from '../../src/store/memory-store.ts';
import type { Store, StoreTransition } from '../../src/store/store.ts';
import { eventually } from '../harness/deadline.ts';
import { auto } from '../session/scene.ts';

const given: NewCommand = {
  origin: 'commands',
  scriptBytes: 4,
  digest: '',
  idempotencyKey: null,
  pushedBy: null,
  merge: false,
  stdin: 'none',
  timeoutSeconds: 0,
  queueSeconds: 600,
};

const client = { address: '192.0.2.1' };
const remote = { address: '192.0.2.2' };

/** A store that can fail after the transition was computed, as on a full disk. */
async function openFragileStore(ttlMs: number) {
  const inner = await openMemoryStore((session, clock) => dueAt(session, clock, ttlMs));
  let isFull = false;
  const refuse = (): never => {
    throw new Refusal('storage_full');
  };
  const store: Store = Object.create(inner, {
    update: {
      value: (name: string, transition: StoreTransition<unknown>) =>
        inner.update(name, (session, clock) => {
          const outcome = transition(session, clock);
          return isFull ? refuse() : outcome;
        }),
    },
    remove: { value: async (name: string) => (isFull ? refuse() : inner.remove(name)) },
    create: { value: (session: Session) => inner.create(session) },
    read: { value: (name: string) => inner.read(name) },
    clock: { value: () => inner.clock() },
    onDue: { value: (ring: (name: string) => Promise<void>) => inner.onDue(ring) },
  });
  return {
    store,
    close: () => inner.close(),
    fill: (full: boolean) => {
      isFull = full;
    },
  };
}

async function setUp({ ttlMs = 60_000 } = {}) {
  const { store, close, fill } = await openFragileStore(ttlMs);
  const told: SessionEvent[] = [];
  const sink = { emit: (event: SessionEvent) => void told.push(event) };
  const sessions = new Sessions(
    {
      store,
      ttlMs,
      quotas: { sessionsPerAddress: 9, bytesPerSession: 1e6, bytesPerAddress: 1e6 },
      log: () => undefined,
    },
    sink,
  );
  sessions.open();
  onTestFinished(close);
  await sessions.create(createSession('name', sessions.clock().now), client);
  const push = (queueSeconds = 600) =>
    sessions.update(
      'name',
      (session, now) => pushCommand(session, { ...given, queueSeconds }, Buffer.from('true'), now),
      client,
    );
  const list = () => told.map(({ change, from }) => `${change.subject} ${change.what} ${from}`);
  return { sessions, fill, told, push, list };
}

test('changes that are stored: one event each, with the address of the request', async () => {
  const { sessions, push, told, list } = await setUp();
  await push();
  expect(told[1]?.script).toEqual(Buffer.from('true'));
  await sessions.update('name', (session, now) => claimNext(session, auto('bob'), now), remote);
  await sessions.remove('name', client);
  expect(list()).toEqual([
    'session created 192.0.2.1',
    'command pushed 192.0.2.1',
    'listener attached 192.0.2.2',
    'command started 192.0.2.2',
    'session ended 192.0.2.1',
  ]);
});

test('changes that cannot be stored: no event', async () => {
  const { sessions, fill, push, list } = await setUp();
  fill(true);
  await expect(push()).rejects.toMatchObject({ code: 'storage_full' });
  await expect(sessions.remove('name', client)).rejects.toMatchObject({ code: 'storage_full' });
  expect(list()).toEqual(['session created 192.0.2.1']);
  fill(false);
  await push();
  expect(list()).toEqual(['session created 192.0.2.1', 'command pushed 192.0.2.1']);
});

test('command that expired before a request noticed it: the event has no address', async () => {
  const { sessions, push, list } = await setUp();
  await push(0);
  await sessions.update('name', (session, now) => claimNext(session, auto('bob'), now), remote);
  expect(list().slice(2)).toEqual(['command ended null', 'listener attached 192.0.2.2']);
});

test('session removed after it has expired: one event for its end', async () => {
  const { sessions, list } = await setUp({ ttlMs: 100 });
  await eventually('the session expires', 5_000, () => list().length === 2);
  await sessions.remove('name', client);
  expect(list()).toEqual(['session created 192.0.2.1', 'session expired null']);
});

test('session that could not be removed: it still expires', async () => {
  const { sessions, fill, list } = await setUp({ ttlMs: 300 });
  fill(true);
  await expect(sessions.remove('name', client)).rejects.toThrow('no space left');
  fill(false);
  await eventually('the session expires', 10_000, () => list().includes('session expired null'));
});
