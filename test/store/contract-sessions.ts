import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/protocol/errors.ts';
import {
  append,
  count,
  makeSession,
  nameOf,
  type OpenStore,
  push,
  readStored,
  readText,
  refusalOf,
} from './store-kit.ts';

export function describeSessions(open: OpenStore, isLocal: boolean): void {
  describe('sessions', () => {
    test('a created session exists, and is the only one', async () => {
      const { store, name } = await open();
      expect(await store.has(name)).toBe(true);
      expect(await store.has(nameOf('b'))).toBe(false);
      expect(await store.count()).toBe(1);
      expect(await store.read(name)).toEqual(makeSession());
    });

    test("an update resolves with its result, the session before and after, and the store's clock", async () => {
      const { store, name } = await open();
      const earliest = store.clock().now;
      const first = await store.update(name, count);
      expect(first).toEqual({
        result: 1,
        before: makeSession(),
        after: { ...makeSession(), revision: 1 },
        clock: { now: expect.any(Number), upSince: expect.any(Number) },
        put: [],
      });
      expect(first.clock.now).toBeGreaterThanOrEqual(earliest);
      expect(first.clock.now).toBeLessThanOrEqual(store.clock().now);
      const second = await store.update(name, count);
      expect(second).toMatchObject({ result: 2, before: first.after });
      expect(await store.read(name)).toBe(second.after);
    });

    test("a transition gets the store's clock", async () => {
      const { store, name } = await open();
      const earliest = store.clock();
      const { result, clock: at } = await store.update(name, (session, clock) => ({
        session,
        result: clock,
      }));
      expect(result).toEqual(at);
      expect(at.now).toBeGreaterThanOrEqual(earliest.now);
      expect(result.upSince).toBe(earliest.upSince);
      expect(earliest.upSince).toBeGreaterThan(Date.parse('2024-01-01'));
    });

    test('a transition that changes nothing: before and after are the same object', async () => {
      const { store, name } = await open();
      const { before, after, result } = await store.update(name, (session) => ({ session, result: 'seen' }));
      expect(after).toBe(before);
      expect(result).toBe('seen');
      expect(await store.read(name)).toBe(before);
    });

    test('50 simultaneous updates: each is applied once, one after the other', async () => {
      const { store, name } = await open();
      const updates = await Promise.all(Array.from({ length: 50 }, () => store.update(name, count)));
      expect(updates.map(({ result }) => result)).toEqual(
        Array.from({ length: 50 }, (_, index) => index + 1),
      );
    });

    test('50 simultaneous pushes: 50 commands, each with its own script', async () => {
      const { store, name } = await open();
      const pushes = Array.from({ length: 50 }, (_, index) => push(store, name, `echo ${index}`));
      const ids = await Promise.all(pushes);
      expect(new Set(ids).size).toBe(50);
      for (const [index, id] of ids.entries())
        expect(await readText(store, name, id, 'script')).toBe(`echo ${index}`);
    });

    test('a transition that refuses or throws: the caller gets the error, the session is unchanged', async () => {
      const { store, name } = await open();
      await store.update(name, count);
      const before = await store.read(name);
      const refusing = store.update(name, () => {
        throw new Refusal('queue_full');
      });
      expect(await refusalOf(refusing)).toBe('queue_full');
      const failing = store.update(name, () => {
        throw new TypeError('a defect');
      });
      await expect(failing).rejects.toThrow('a defect');
      expect(await store.read(name)).toBe(before);
    });

    test('a refused update does not block the updates after it', async () => {
      const { store, name } = await open();
      const updates = await Promise.allSettled([
        store.update(name, count),
        store.update(name, () => {
          throw new Refusal('queue_full');
        }),
        store.update(name, count),
      ]);
      expect(updates.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((await store.read(name)).revision).toBe(2);
    });

    test('a quiet change: readers and the next update see it', async () => {
      const { store, name } = await open();
      await store.update(name, (session) => ({
        session: { ...session, touchedAt: 5 },
        result: 0,
        quiet: true,
      }));
      expect((await store.read(name)).touchedAt).toBe(5);
      expect((await store.update(name, count)).before.touchedAt).toBe(5);
    });

    test.runIf(isLocal)(
      'a read during an update does not wait and returns the session before the update',
      async () => {
        const { store, name } = await open();
        const before = await store.read(name);
        let isKept = false;
        const updating = push(store, name, 'x'.repeat(1_000_000)).then(() => {
          isKept = true;
        });
        expect(await store.read(name)).toBe(before);
        expect(isKept).toBe(false);
        await updating;
        expect((await store.read(name)).commands).toHaveLength(1);
      },
    );

    test('two sessions with the same command ids: their scripts and output are separate', async () => {
      const { store, name } = await open();
      const other = makeSession(nameOf('b'));
      await store.create(other);
      await Promise.all([push(store, name, 'one'), push(store, other.name, 'two')]);
      await append(store, name, 'c1', 'stdout', 0, 'out of one');
      expect(await readText(store, name, 'c1', 'script')).toBe('one');
      expect(await readText(store, other.name, 'c1', 'script')).toBe('two');
      expect(await readStored(store, other.name, 'c1', 'stdout')).toBe('');
      expect((await store.read(other.name)).commands).toMatchObject([{ stdoutBytes: 0 }]);
    });

    test('an unknown session: update and read throw gone, remove resolves with false', async () => {
      const { store } = await open();
      const unknown = nameOf('f');
      expect(await refusalOf(store.update(unknown, count))).toBe('gone');
      expect(await refusalOf(store.read(unknown))).toBe('gone');
      expect(await store.has(unknown)).toBe(false);
      expect(await store.remove(unknown)).toBe(false);
    });

    test('10 simultaneous checks: all resolve', async () => {
      const { store } = await open();
      await Promise.all(Array.from({ length: 10 }, () => store.check()));
    });
  });
}
