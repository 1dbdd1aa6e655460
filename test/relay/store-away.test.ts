import { expect, test } from 'vitest';
import { Refusal } from '../../src/protocol/errors.ts';
import type { Store } from '../../src/store/store.ts';
import { eventually } from '../harness/deadline.ts';
import { openStoreHere, overlayStore, startRelayHere } from '../harness/relay-here.ts';
import { makeSession } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';

const busy = (): Refusal => new Refusal('storage_busy', undefined, { 'retry-after': '1' });

/** A relay on a store that can become unavailable: it then refuses calls, and wakes its watchers so that they notice. */
async function startLosable() {
  const inner = await openStoreHere();
  const wakes = new Set<() => void>();
  let isAway = false;
  let refused = 0;
  const check = (): void => {
    if (isAway) throw busy();
  };
  const update: Store['update'] = async (name, transition, limits) => {
    if (isAway) {
      refused += 1;
      // Like a store that does not know whether it has applied the update.
      for (const wake of wakes) wake();
    }
    check();
    return inner.update(name, transition, limits);
  };
  const read: Store['read'] = async (name) => {
    check();
    return inner.read(name);
  };
  const watch: Store['watch'] = (name, wake) => {
    wakes.add(wake);
    const unwatch = inner.watch(name, wake);
    return () => {
      wakes.delete(wake);
      unwatch();
    };
  };
  const relay = await forTest(startRelayHere(overlayStore(inner, { update, read, watch })));
  return {
    relay,
    watched: () => wakes.size,
    refused: () => refused,
    setAway: (away: boolean) => {
      isAway = away;
      for (const wake of wakes) wake();
    },
  };
}

test('store becomes unavailable: a read gets 503 with Retry-After, a held poll stays held and is answered later', async () => {
  const { relay, watched, refused, setAway } = await startLosable();
  const session = await makeSession(relay);
  const base = `${relay.url}/api/session/${session.key}`;
  const headers = { 'remotify-listener': 'listener-one', 'remotify-mode': 'auto' };
  const next = `${relay.url}/api/session/${session.listener_key}/next?wait=20`;
  let isAnswered = false;
  const held = fetch(next, { headers }).finally(() => {
    isAnswered = true;
  });
  await eventually('the poll is held', 10_000, () => watched() === 1);
  setAway(true);
  const look = await fetch(`${base}/commands`);
  expect([look.status, look.headers.get('retry-after'), look.headers.get('remotify-error')]).toEqual([
    503,
    '1',
    'storage_busy',
  ]);
  const push = await fetch(`${base}/commands`, { method: 'POST', body: 'true' });
  expect(push.status).toBe(503);
  // The poll pauses between its attempts, although each of them wakes it.
  await eventually('the poll has retried', 10_000, () => refused() >= 3);
  expect(refused()).toBeLessThan(20);
  expect(isAnswered).toBe(false);
  setAway(false);
  expect((await fetch(`${base}/commands`, { method: 'POST', body: 'echo back' })).status).toBe(201);
  const answer = await held;
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('echo back');
});
