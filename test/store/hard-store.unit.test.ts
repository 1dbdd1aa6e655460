import { describe, expect, onTestFinished, test } from 'vitest';
import { Refusal } from '../../src/protocol/errors.ts';
import { appendOutput } from '../../src/session/append-bytes.ts';
import { cancelCommand } from '../../src/session/cancel-command.ts';
import type { ListenerIdentity } from '../../src/session/listener.ts';
import { pushCommand } from '../../src/session/push-command.ts';
import { finishCommand, claimNext, startCommand } from '../../src/session/serve-listener.ts';
import { findCommand, type Session } from '../../src/session/session.ts';
import { openMemoryStore } from '../../src/store/memory-store.ts';
import type { Store, StoreTransition } from '../../src/store/store.ts';
import { describeStore } from './contract.ts';
import { hardenStore } from './hard-store.ts';
import { count, makeSession, readText, refusalOf } from './store-kit.ts';

describe('a store that calls each transition twice, first on an older session', () => {
  describeStore(async (dueAt) => hardenStore(await openMemoryStore(dueAt)));
});

const { name } = makeSession();
const listener: ListenerIdentity = {
  id: 'one',
  kind: 'runner',
  host: 'vm',
  user: 'root',
  mode: 'supervised',
};

/** A hard store that loses the answers of the next `lose(times)` updates. */
async function openLossy(): Promise<{ store: Store; lose: (times: number) => void }> {
  let losses = 0;
  const store = hardenStore(await openMemoryStore(), {
    losesAnswer: () => {
      losses -= 1;
      return losses >= 0;
    },
  });
  onTestFinished(() => store.close());
  await store.create(makeSession());
  return {
    store,
    lose: (times) => {
      losses = times;
    },
  };
}

test('a lost answer: the update was applied, and the caller gets storage_busy', async () => {
  const { store, lose } = await openLossy();
  lose(1);
  expect(await refusalOf(store.update(name, count))).toBe('storage_busy');
  expect((await store.read(name)).revision).toBe(1);
  expect((await store.update(name, count)).result).toBe(2);
});

test('the outcome or error of the first call of a transition does not count', async () => {
  const store = hardenStore(await openMemoryStore());
  onTestFinished(() => store.close());
  await store.create(makeSession());
  await store.update(name, count);
  let calls = 0;
  const { result } = await store.update(name, (session) => {
    calls += 1;
    if (calls === 1) throw new Refusal('queue_full');
    return { session: { ...session, revision: 7 }, result: calls };
  });
  expect(result).toBe(2);
  expect((await store.read(name)).revision).toBe(7);
});

test('the first call of a transition gets an older session if there is one', async () => {
  const store = hardenStore(await openMemoryStore());
  onTestFinished(() => store.close());
  await store.create(makeSession());
  await store.update(name, count);
  await store.update(name, count);
  const seen: number[] = [];
  await store.update(name, (session) => {
    seen.push(session.revision);
    return { session, result: 0 };
  });
  expect(seen).toEqual([1, 2]);
});

test('spurious wakes: watchers are woken at most once after each change', async () => {
  const store = hardenStore(await openMemoryStore(), { wakes: () => true });
  onTestFinished(() => store.close());
  await store.create(makeSession());
  let wakes = 0;
  const unwatch = store.watch(name, () => {
    wakes += 1;
  });
  const look = (): Promise<unknown> => store.update(name, (session) => ({ session, result: 0 }));
  await look();
  expect(wakes).toBe(0);
  await store.update(name, count);
  expect(wakes).toBe(1);
  await look();
  await look();
  expect(wakes).toBe(2);
  unwatch();
  await store.update(name, count);
  await look();
  expect(wakes).toBe(2);
});

interface Step {
  transition: StoreTransition<unknown>;
  /** Checks the session after the transition was applied once or more. */
  expected: (session: Session) => unknown;
}

const given = {
  origin: 'commands' as const,
  scriptBytes: 4,
  digest: 'digest',
  idempotencyKey: 'key',
  pushedBy: null,
  merge: false,
  stdin: 'none' as const,
  timeoutSeconds: 0,
  queueSeconds: null,
};
const finish = {
  exitStatus: 3,
  signal: null,
  timedOut: false,
  cut: null,
  rest: [
    { flow: 'stdout' as const, offset: 3, bytes: Buffer.from(' two') },
    { flow: 'stderr' as const, offset: 0, bytes: Buffer.from('oops') },
  ],
};
const chunk = { flow: 'stdout' as const, offset: 0, bytes: Buffer.from('one') };

const pushing: Step = {
  transition: (session, { now }) => pushCommand(session, given, Buffer.from('make'), now),
  expected: (session) => expect(session.commands.map(({ id }) => id)).toEqual(['c1']),
};
const claiming: Step = {
  transition: (session, { now }) => claimNext(session, listener, now),
  expected: (session) => expect(findCommand(session, 'c1').state).toBe('awaiting_approval'),
};
const running: Step[] = [
  pushing,
  claiming,
  {
    transition: (session, { now }) => startCommand(session, 'c1', listener.id, now),
    expected: (session) => expect(findCommand(session, 'c1').state).toBe('running'),
  },
  {
    transition: (session, { now }) => appendOutput(session, 'c1', listener.id, chunk, now),
    expected: (session) => expect(findCommand(session, 'c1').stdoutBytes).toBe(3),
  },
  {
    transition: (session, { now }) => finishCommand(session, 'c1', listener.id, finish, now),
    expected: (session) =>
      expect(findCommand(session, 'c1')).toMatchObject({
        state: 'finished',
        exitStatus: 3,
        stdoutBytes: 7,
        stderrBytes: 4,
      }),
  },
];
const cancelling: Step[] = [
  pushing,
  {
    transition: (session, { now }) => cancelCommand(session, 'c1', 'TERM', now),
    expected: (session) => expect(findCommand(session, 'c1').state).toBe('cancelled'),
  },
];

test.each([
  ['push, claim, start, output and finish', running],
  ['push and cancel', cancelling],
])(
  '%s, each repeated after a lost answer: the session is the same as after one of each',
  async (_name, steps) => {
    const { store, lose } = await openLossy();
    for (const { transition, expected } of steps) {
      lose(1);
      expect(await refusalOf(store.update(name, transition))).toBe('storage_busy');
      const applied = await store.read(name);
      expected(applied);
      const { after } = await store.update(name, transition);
      expected(after);
      expect(after.revision).toBe(applied.revision);
      expect(after.commands).toEqual(applied.commands);
    }
    if (steps !== running) return;
    expect(await readText(store, name, 'c1', 'script')).toBe('make');
    expect(await readText(store, name, 'c1', 'stdout')).toBe('one two');
    expect(await readText(store, name, 'c1', 'stderr')).toBe('oops');
  },
);
