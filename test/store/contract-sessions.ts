import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/protocol/errors.ts';
import { addCommand, count, makeSession, type OpenStore, read, readText, refusalOf } from './store-kit.ts';

export function describeSessions(open: OpenStore): void {
  describe('sessions', () => {
    test('what was created is there, and is the only one', async () => {
      const { store, name } = await open();
      expect(await store.has(name)).toBe(true);
      expect(await store.has('b'.repeat(64))).toBe(false);
      expect(await store.list()).toEqual([makeSession()]);
    });

    test('an update resolves with its result, and the next one sees its session', async () => {
      const { store, name } = await open();
      expect(await store.update(name, count)).toBe(1);
      expect(await store.update(name, count)).toBe(2);
      expect((await read(store, name)).revision).toBe(2);
    });

    test('50 updates at once are 50 updates, one after the other', async () => {
      const { store, name } = await open();
      const results = await Promise.all(Array.from({ length: 50 }, () => store.update(name, count)));
      expect(results).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    });

    test('50 pushes at once are 50 commands, each with its own bytes', async () => {
      const { store, name } = await open();
      const pushes = Array.from({ length: 50 }, (_, index) =>
        store.update(name, (session) => addCommand(session, `echo ${index}`)),
      );
      const ids = await Promise.all(pushes);
      expect(new Set(ids).size).toBe(50);
      for (const [index, id] of ids.entries())
        expect(await readText(store, name, id, 'script')).toBe(`echo ${index}`);
    });

    test('a refusal comes through and leaves the session as it was', async () => {
      const { store, name } = await open();
      await store.update(name, count);
      const before = await read(store, name);
      const refusing = store.update(name, () => {
        throw new Refusal('queue_full');
      });
      expect(await refusalOf(refusing)).toBe('queue_full');
      expect(await read(store, name)).toEqual(before);
    });

    test('an update after a refused one is not held up', async () => {
      const { store, name } = await open();
      const updates = await Promise.allSettled([
        store.update(name, count),
        store.update(name, () => {
          throw new Refusal('queue_full');
        }),
        store.update(name, count),
      ]);
      expect(updates.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((await read(store, name)).revision).toBe(2);
    });

    test('a quiet outcome is seen by the next update', async () => {
      const { store, name } = await open();
      await store.update(name, (session) => ({
        session: { ...session, touchedAt: 5 },
        result: 0,
        quiet: true,
      }));
      expect((await read(store, name)).touchedAt).toBe(5);
    });

    test('sessions do not mix', async () => {
      const { store, name } = await open();
      const other = makeSession('b'.repeat(64));
      await store.create(other);
      await Promise.all([
        store.update(name, (session) => addCommand(session, 'one')),
        store.update(other.name, (session) => addCommand(session, 'two')),
      ]);
      await store.append(name, 'c1', 'stdout', 0, Buffer.from('out of one'));
      expect(await readText(store, name, 'c1', 'script')).toBe('one');
      expect(await readText(store, other.name, 'c1', 'script')).toBe('two');
      expect(await store.size(other.name, 'c1', 'stdout')).toBe(0);
    });

    test('a session that was never there is gone', async () => {
      const { store } = await open();
      const nobody = 'f'.repeat(64);
      expect(await refusalOf(store.update(nobody, count))).toBe('gone');
      expect(await refusalOf(store.append(nobody, 'c1', 'stdout', 0, Buffer.from('x')))).toBe('gone');
      expect(await refusalOf(store.remove(nobody))).toBeUndefined();
    });

    test('a session that was removed is gone with all of its bytes', async () => {
      const { store, name } = await open();
      await store.update(name, (session) => addCommand(session, 'echo'));
      await store.append(name, 'c1', 'stdout', 0, Buffer.from('out'));
      await store.remove(name);
      expect(await store.has(name)).toBe(false);
      expect(await store.list()).toEqual([]);
      expect(await refusalOf(store.update(name, count))).toBe('gone');
      expect(await store.size(name, 'c1', 'stdout')).toBe(0);
      expect(await readText(store, name, 'c1', 'script')).toBe('');
    });

    test('a session of the same name that comes later starts empty', async () => {
      const { store, name } = await open();
      await store.update(name, (session) => addCommand(session, 'echo'));
      await store.remove(name);
      await store.create(makeSession());
      expect(await read(store, name)).toEqual(makeSession());
      expect(await readText(store, name, 'c1', 'script')).toBe('');
    });

    test('an update that waits behind the removal finds nothing', async () => {
      const { store, name } = await open();
      const removal = store.remove(name);
      expect(await refusalOf(store.update(name, count))).toBe('gone');
      await removal;
    });
  });
}
