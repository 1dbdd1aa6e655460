import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/protocol/errors.ts';
import type { Store } from '../../src/store/store.ts';
import { addCommand, count, makeSession, type OpenStore, read, refusalOf } from './store-kit.ts';

interface Watched {
  store: Store;
  name: string;
  /** How often it was woken since it was asked last. */
  wakes: () => number;
  unwatch: () => void;
}

export function describeWatchers(open: OpenStore): void {
  async function watch(): Promise<Watched> {
    const { store, name } = await open();
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

  // Whoever changes something is answered after the watchers were woken: what was not heard by then is never heard.
  describe('watchers', () => {
    test('are woken once by each loud change', async () => {
      const { store, name, wakes } = await watch();
      await store.update(name, count);
      expect(wakes()).toBe(1);
      await store.update(name, (session) => addCommand(session, 'echo'));
      expect(wakes()).toBe(1);
    });

    test('see the change that wakes them', async () => {
      const { store, name } = await open();
      const seen = new Promise<number>((resolve, reject) => {
        store.watch(name, () => {
          read(store, name).then(({ revision }) => resolve(revision), reject);
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
      await read(store, name);
      const refusing = store.update(name, () => {
        throw new Refusal('queue_full');
      });
      expect(await refusalOf(refusing)).toBe('queue_full');
      expect(wakes()).toBe(0);
    });

    test('are woken by new output, not by a repeated or refused piece of it', async () => {
      const { store, name, wakes } = await watch();
      await store.append(name, 'c1', 'stdout', 0, Buffer.from('one'));
      expect(wakes()).toBe(1);
      await store.append(name, 'c1', 'stdout', 0, Buffer.from('one'));
      await refusalOf(store.append(name, 'c1', 'stdout', 9, Buffer.from('x')));
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
      const other = makeSession('b'.repeat(64));
      await store.create(other);
      await store.update(other.name, count);
      await store.append(other.name, 'c1', 'stdout', 0, Buffer.from('out'));
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

    test('are woken in the order in which they came', async () => {
      const { store, name } = await open();
      const order: number[] = [];
      for (const index of [1, 2, 3]) store.watch(name, () => order.push(index));
      await store.update(name, count);
      expect(order).toEqual([1, 2, 3]);
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
