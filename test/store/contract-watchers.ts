import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/protocol/errors.ts';
import type { Store } from '../../src/store/store.ts';
import { append, count, makeSession, nameOf, type OpenStore, push, refusalOf } from './store-kit.ts';

interface Watched {
  store: Store;
  name: string;
  /** How often it was woken since it was asked last. */
  wakes: () => number;
  unwatch: () => void;
}

export function describeWatchers(open: OpenStore): void {
  let sessions = 0;

  /** No two tests share a name: in a Redis cluster the message of a change may arrive after the store that made it was closed. */
  async function openUnshared(): Promise<{ store: Store; name: string }> {
    const { store } = await open();
    sessions += 1;
    const name = sessions.toString(16).padStart(4, '0').repeat(16);
    await store.create(makeSession(name));
    return { store, name };
  }

  async function watch(): Promise<Watched> {
    const { store, name } = await openUnshared();
    let calls = 0;
    const unwatch = store.watch(name, () => {
      calls += 1;
    });
    const wakes = (): number => {
      const since = calls;
      calls = 0;
      return since;
    };
    return { store, name, wakes, unwatch };
  }

  // An update resolves after its watchers were woken: a wake that is missing by then never comes.
  describe('watchers', () => {
    test('are woken once by each loud change', async () => {
      const { store, name, wakes } = await watch();
      await store.update(name, count);
      expect(wakes()).toBe(1);
      await push(store, name, 'echo');
      expect(wakes()).toBe(1);
    });

    test('see the change that wakes them', async () => {
      const { store, name } = await openUnshared();
      const seen = new Promise<number>((resolve, reject) => {
        store.watch(name, () => {
          store.read(name).then(({ revision }) => resolve(revision), reject);
        });
      });
      await store.update(name, count);
      expect(await seen).toBe(1);
    });

    test('are not woken by a quiet change, by none, or by a refusal', async () => {
      const { store, name, wakes } = await watch();
      await store.update(name, (session) => ({
        session: { ...session, touchedAt: 1 },
        result: 0,
        quiet: true,
      }));
      await store.update(name, (session) => ({ session, result: 0 }));
      await store.read(name);
      const refusing = store.update(name, () => {
        throw new Refusal('queue_full');
      });
      expect(await refusalOf(refusing)).toBe('queue_full');
      expect(wakes()).toBe(0);
    });

    test('are woken by new output, not by a repeated or refused piece of it', async () => {
      const { store, name, wakes } = await watch();
      await push(store, name, 'echo');
      expect(wakes()).toBe(1);
      await append(store, name, 'c1', 'stdout', 0, 'one');
      expect(wakes()).toBe(1);
      await append(store, name, 'c1', 'stdout', 0, 'one');
      expect(await refusalOf(append(store, name, 'c1', 'stdout', 9, 'x'))).toBe('output_gap');
      expect(wakes()).toBe(0);
    });

    test('are woken by the end of their session', async () => {
      const { store, name, wakes } = await watch();
      await store.remove(name);
      expect(wakes()).toBe(1);
      await store.remove(name);
      expect(wakes()).toBe(0);
    });

    test('are not woken by other sessions', async () => {
      const { store, wakes } = await watch();
      const other = makeSession(nameOf('b'));
      await store.create(other);
      await store.update(other.name, count);
      await push(store, other.name, 'echo');
      await append(store, other.name, 'c1', 'stdout', 0, 'out');
      await store.remove(other.name);
      expect(wakes()).toBe(0);
    });

    test('are not woken any more once they let go, and leave the others', async () => {
      const { store, name, wakes, unwatch } = await watch();
      let others = 0;
      store.watch(name, () => {
        others += 1;
      });
      unwatch();
      unwatch();
      await store.update(name, count);
      expect(wakes()).toBe(0);
      expect(others).toBe(1);
    });

    test('are woken once by a change, also where one watches anew meanwhile', async () => {
      const { store, name } = await openUnshared();
      store.watch(name, () => undefined);
      let wakes = 0;
      const wake = (): void => {
        wakes += 1;
        // Without end it would never come back.
        if (wakes > 9) return;
        unwatch();
        unwatch = store.watch(name, wake);
      };
      let unwatch = store.watch(name, wake);
      await store.update(name, count);
      expect(wakes).toBeLessThanOrEqual(2);
    });

    test('are woken in the order in which they came', async () => {
      const { store, name } = await openUnshared();
      const order: number[] = [];
      for (const index of [1, 2, 3]) store.watch(name, () => order.push(index));
      await store.update(name, count);
      expect(order).toEqual([1, 2, 3]);
    });

    test('let go while others are woken: one that let go first is not woken', async () => {
      const { store, name } = await openUnshared();
      const woken: string[] = [];
      store.watch(name, () => {
        woken.push('first');
        letGo();
      });
      const letGo = store.watch(name, () => woken.push('second'));
      await store.update(name, count);
      expect(woken).toEqual(['first']);
    });

    test('may let go while they are woken', async () => {
      const { store, name, wakes } = await watch();
      const unwatch = store.watch(name, () => unwatch());
      await store.update(name, count);
      await store.update(name, count);
      expect(wakes()).toBe(2);
    });
  });
}
