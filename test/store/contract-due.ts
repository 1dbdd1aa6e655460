import { describe, expect, test } from 'vitest';
import type { Outcome, Session } from '../../src/session/session.ts';
import type { Store } from '../../src/store/store.ts';
import { eventually } from '../harness/deadline.ts';
import { count, makeSession, nameOf, type OpenStore } from './store-kit.ts';

const deadlineMs = 10_000;

/** The deadline that the tests set. It is a field of the session, so that the store keeps it. */
export function dueAtReader({ slotReader }: Session): number {
  return slotReader?.until ?? Infinity;
}

/** Moves the deadline; null removes it. */
export function setDue(until: number | null): (session: Session) => Outcome<void> {
  return (session) => ({
    session: { ...session, slotReader: until === null ? null : { id: 'reader', until } },
    result: undefined,
  });
}

interface Ring {
  name: string;
  at: number;
}

/** The store's timer and its sweep of Redis may both ring for one deadline: tests wait for a minimum number of rings, not an exact one. */
export function describeDue(open: OpenStore): void {
  async function openRinging(
    onRing: (store: Store, name: string, rings: number) => Promise<unknown> = async () => undefined,
  ): Promise<{ store: Store; name: string; rings: Ring[]; ringsOf: (name: string) => number }> {
    const { store, name } = await open(dueAtReader);
    const rings: Ring[] = [];
    const ringsOf = (wanted: string): number => rings.filter((ring) => ring.name === wanted).length;
    store.onDue(async (due) => {
      rings.push({ name: due, at: store.clock().now });
      await onRing(store, due, ringsOf(due));
    });
    return { store, name, rings, ringsOf };
  }

  const rested = (store: Store, name: string): Promise<unknown> => store.update(name, setDue(null));

  describe('deadlines', () => {
    test('a session rings once its deadline has passed, and not again after an update moved it', async () => {
      const { store, name, rings, ringsOf } = await openRinging(rested);
      const due = store.clock().now + 100;
      await store.update(name, setDue(due));
      await eventually('the first ring', deadlineMs, () => rings.length > 0);
      expect(rings[0]?.at).toBeGreaterThanOrEqual(due);
      const other = makeSession(nameOf('b'));
      await store.create(other);
      // Later than the retry of a ring that did not move the deadline.
      await store.update(other.name, setDue(store.clock().now + 1_500));
      await eventually('the ring of the other session', deadlineMs, () => ringsOf(other.name) > 0);
      expect(ringsOf(name)).toBe(1);
    });

    test('a deadline in the past: the session rings', async () => {
      const { store, name, ringsOf } = await openRinging(rested);
      await store.update(name, setDue(1));
      await eventually('the ring', deadlineMs, () => ringsOf(name) > 0);
    });

    test('a session that is created with a deadline: it rings', async () => {
      const { store, ringsOf } = await openRinging(rested);
      const other = {
        ...makeSession(nameOf('b')),
        slotReader: { id: 'reader', until: store.clock().now + 50 },
      };
      await store.create(other);
      await eventually('the ring', deadlineMs, () => ringsOf(other.name) > 0);
    });

    test('a deadline that was set before onDue(): the session rings', async () => {
      const { store, name } = await open(dueAtReader);
      await store.update(name, setDue(store.clock().now + 50));
      let rings = 0;
      store.onDue(async () => {
        rings += 1;
        await rested(store, name);
      });
      await eventually('the ring', deadlineMs, () => rings > 0);
    });

    test('a ring that does not move the deadline: it is repeated until an update moves it', async () => {
      const { store, name, ringsOf } = await openRinging(async (_store, _name, rings) => {
        if (rings === 2) await rested(store, name);
      });
      await store.update(name, setDue(store.clock().now));
      await eventually('the second ring', deadlineMs, () => ringsOf(name) >= 2);
    });

    test('a ring whose callback fails: it is repeated', async () => {
      const { store, name, ringsOf } = await openRinging(async (_store, _name, rings) => {
        if (rings === 1) throw new Error('the store was full');
        await rested(store, name);
      });
      await store.update(name, setDue(store.clock().now));
      await eventually('the second ring', deadlineMs, () => ringsOf(name) >= 2);
      await eventually('the deadline is moved', deadlineMs, async () => {
        return (await store.read(name)).slotReader === null;
      });
    });

    test('a loud or quiet update moves a deadline earlier: the session rings at the new time', async () => {
      const { store, name, rings, ringsOf } = await openRinging(rested);
      const other = makeSession(nameOf('b'));
      await store.create(other);
      const hour = store.clock().now + 3_600_000;
      for (const one of [name, other.name]) await store.update(one, setDue(hour));
      await store.update(name, setDue(store.clock().now + 50));
      await store.update(other.name, (s) => ({ ...setDue(store.clock().now + 50)(s), quiet: true }));
      await eventually('both rings', deadlineMs, () => ringsOf(name) > 0 && ringsOf(other.name) > 0);
      for (const { at } of rings) expect(at).toBeLessThan(hour);
    });

    test('an update moves a deadline later: the session rings at the new time, not before', async () => {
      const { store, name, rings } = await openRinging(rested);
      const first = store.clock().now + 200;
      // Quiet, so in memory only: a write could take longer than the deadline.
      for (const due of [first, first + 400])
        await store.update(name, (session) => ({ ...setDue(due)(session), quiet: true }));
      await store.update(name, count);
      await eventually('the ring', deadlineMs, () => rings.length > 0);
      expect(rings[0]?.at).toBeGreaterThanOrEqual(first + 400);
    });

    test('a removed session with a deadline: no ring', async () => {
      const { store, name, ringsOf } = await openRinging(rested);
      const other = makeSession(nameOf('b'));
      await store.create(other);
      const due = store.clock().now + 300;
      await store.update(name, setDue(due));
      await store.remove(name);
      const before = ringsOf(name);
      await store.update(other.name, setDue(due + 300));
      await eventually('the ring of the other session', deadlineMs, () => ringsOf(other.name) > 0);
      expect(ringsOf(name)).toBe(before);
    });

    test('a closed store with a deadline: no ring', async () => {
      const { store, name, rings } = await openRinging(rested);
      const { store: later, name: laterName, rings: laterRings } = await openRinging(rested);
      const due = store.clock().now + 300;
      await store.update(name, setDue(due));
      await store.close();
      const before = rings.length;
      await later.update(laterName, setDue(due + 300));
      await eventually('the ring of the store that is open', deadlineMs, () => laterRings.length > 0);
      expect(rings).toHaveLength(before);
    });
  });
}
