import { describe, expect, test } from 'vitest';
import {
  append,
  count,
  makeSession,
  nameOf,
  type OpenStore,
  push,
  readStored,
  refusalOf,
} from './store-kit.ts';

export function describeRemoval(open: OpenStore): void {
  describe('removal', () => {
    test('a removed session is gone with all of its bytes', async () => {
      const { store, name } = await open();
      await push(store, name, 'echo');
      await append(store, name, 'c1', 'stdout', 0, 'out');
      expect(await store.remove(name)).toBe(true);
      expect(await store.has(name)).toBe(false);
      expect(await store.count()).toBe(0);
      expect(await refusalOf(store.read(name))).toBe('gone');
      expect(await refusalOf(store.update(name, count))).toBe('gone');
      expect(await readStored(store, name, 'c1', 'stdout')).toBe('');
      expect(await readStored(store, name, 'c1', 'script')).toBe('');
    });

    test('a second removal resolves with false', async () => {
      const { store, name } = await open();
      expect(await store.remove(name)).toBe(true);
      expect(await store.remove(name)).toBe(false);
    });

    test('simultaneous removals: exactly one resolves with true', async () => {
      const { store, name } = await open();
      await push(store, name, 'echo');
      const answers = await Promise.all([store.remove(name), store.remove(name), store.remove(name)]);
      expect(answers.filter((wasThere) => wasThere)).toHaveLength(1);
    });

    test('a new session with the name of a removed one: it starts empty', async () => {
      const { store, name } = await open();
      await push(store, name, 'echo');
      await append(store, name, 'c1', 'stdout', 0, 'out');
      await store.remove(name);
      await store.create(makeSession());
      expect(await store.read(name)).toEqual(makeSession());
      expect(await readStored(store, name, 'c1', 'script')).toBe('');
      await push(store, name, 'pwd');
      expect(await readStored(store, name, 'c1', 'script')).toBe('pwd');
      expect(await readStored(store, name, 'c1', 'stdout')).toBe('');
    });

    test('an update queued before a removal is applied, an update after it throws gone', async () => {
      const { store, name } = await open();
      const before = store.update(name, count);
      const removal = store.remove(name);
      const after = store.update(name, count);
      expect(await refusalOf(after)).toBe('gone');
      expect((await before).result).toBe(1);
      expect(await removal).toBe(true);
    });

    test('count() goes up with each created session and down with each removed one', async () => {
      const { store, name } = await open();
      const others = ['b', 'c', 'd'].map((letter) => makeSession(nameOf(letter)));
      await Promise.all(others.map((session) => store.create(session)));
      expect(await store.count()).toBe(4);
      await store.remove(name);
      expect(await store.count()).toBe(3);
      await store.remove(name);
      expect(await store.count()).toBe(3);
      for (const session of others) await store.remove(session.name);
      expect(await store.count()).toBe(0);
    });
  });
}
