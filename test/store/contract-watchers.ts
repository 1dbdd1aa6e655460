import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/protocol/errors.ts';
import type { Store } from '../../src/store/store.ts';
import { append, count, makeSession, nameOf, type OpenStore, push, refusalOf } from './store-kit.ts';

interface Watched {
  store: Store;
  name: string;
  /** The number of wakes since the last call. */
  wakes: () => number;
  unwatch: () => void;
}

export function describeWatchers(open: OpenStore): void {
  let sessions = 0;

  /** Each test has its own session name: in a Redis cluster the message of a change may arrive after its store was closed. */
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

  // An update resolves after it woke the watchers, so the tests need not wait for a wake.
  describe('watchers', () => {
    test('a loud change: each watcher wakes once', async () => {
      const { store, name, wakes } = await watch();
      await store.update(name, count);
      expect(wakes()).toBe(1);
      await push(store, name, 'echo');
      expect(wakes()).toBe(1);
    });

    test('a woken watcher reads the session: it sees the change', async () => {
      const { store, name } = await openUnshared();
      const seen = new Promise<number>((resolve, reject) => {
        store.watch(name, () => {
          store.read(name).then(({ revision }) => resolve(revision), reject);
        });
      });
      await store.update(name, count);
      expect(await seen).toBe(1);
    });

    test('a quiet change, no change, a read or a refusal: no watcher wakes', async () => {
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

    test('new output wakes the watcher; a repeated or refused piece of it does not', async () => {
      const { store, name, wakes } = await watch();
      await push(store, name, 'echo');
      expect(wakes()).toBe(1);
      await append(store, name, 'c1', 'stdout', 0, 'one');
      expect(wakes()).toBe(1);
      await append(store, name, 'c1', 'stdout', 0, 'one');
      expect(await refusalOf(append(store, name, 'c1', 'stdout', 9, 'x'))).toBe('output_gap');
      expect(wakes()).toBe(0);
    });

    test('the removal of a session wakes its watchers', async () => {
      const { store, name, wakes } = await watch();
      await store.remove(name);
      expect(wakes()).toBe(1);
      await store.remove(name);
      expect(wakes()).toBe(0);
    });

    test('changes of another session do not wake the watcher', async () => {
      const { store, wakes } = await watch();
      const other = makeSession(nameOf('b'));
      await store.create(other);
      await store.update(other.name, count);
      await push(store, other.name, 'echo');
      await append(store, other.name, 'c1', 'stdout', 0, 'out');
      await store.remove(other.name);
      expect(wakes()).toBe(0);
    });

    test('a watcher that unsubscribed does not wake; other watchers still do', async () => {
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

    test('a watcher that subscribes again while it is woken: a change wakes it at most twice', async () => {
      const { store, name } = await openUnshared();
      store.watch(name, () => undefined);
      let wakes = 0;
      const wake = (): void => {
        wakes += 1;
        // Stops an endless loop of wakes.
        if (wakes > 9) return;
        unwatch();
        unwatch = store.watch(name, wake);
      };
      let unwatch = store.watch(name, wake);
      await store.update(name, count);
      expect(wakes).toBeLessThanOrEqual(2);
    });

    test('watchers wake in the order of their subscription', async () => {
      const { store, name } = await openUnshared();
      const order: number[] = [];
      for (const index of [1, 2, 3]) store.watch(name, () => order.push(index));
      await store.update(name, count);
      expect(order).toEqual([1, 2, 3]);
    });

    test('a watcher that unsubscribes another during a wake: the other one does not wake', async () => {
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

    test('a watcher may unsubscribe while it is woken', async () => {
      const { store, name, wakes } = await watch();
      const unwatch = store.watch(name, () => unwatch());
      await store.update(name, count);
      await store.update(name, count);
      expect(wakes()).toBe(2);
    });
  });
}
