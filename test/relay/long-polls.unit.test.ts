import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LongPolls } from '../../src/relay/long-polls.ts';
import { Sessions } from '../../src/relay/sessions.ts';
import { openStore } from '../../src/store/open-store.ts';
import { withDeadline } from '../harness/deadline.ts';
import { count, makeSession } from '../store/store-kit.ts';

test('session changes during each attempt of a long poll: the poll still ends when its wait is over', async () => {
  const store = await openStore('memory:', { warn: () => undefined });
  const quotas = { sessionsPerAddress: 10, bytesPerSession: 1e6, bytesPerAddress: 1e6 };
  const sessions = new Sessions(
    { store, ttlMs: 60_000, quotas, log: () => undefined },
    { emit: () => undefined },
  );
  const polls = new LongPolls(sessions, { total: 10, perAddress: 10, perSession: 10 });
  const { name } = makeSession();
  await store.create(makeSession());
  let attempts = 0;
  const peer = { address: '192.0.2.7', isOver: false, heldMs: 0, onEnd: () => undefined };
  const waiting = polls.waitFor(name, 300, peer, async () => {
    attempts += 1;
    await store.update(name, count);
    await nextTurn();
    return undefined;
  });
  try {
    expect(await withDeadline(waiting, 10_000, 'the wait ends')).toBeUndefined();
    expect(attempts).toBeGreaterThan(2);
    expect(polls.size).toBe(0);
  } finally {
    // Ends a wait that would otherwise continue forever.
    peer.isOver = true;
    await store.close();
  }
});
