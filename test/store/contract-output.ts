import { describe, expect, test } from 'vitest';
import type { Outcome, Session } from '../../src/session/session.ts';
import { addCommand, type OpenStore, readText } from './store-kit.ts';

export function describeOutput(open: OpenStore): void {
  describe('output', () => {
    const bytes = (given: string): Buffer => Buffer.from(given);

    test('each append says where the next one goes on', async () => {
      const { store, name } = await open();
      expect(await store.append(name, 'c1', 'stdout', 0, bytes('one'))).toBe(3);
      expect(await store.append(name, 'c1', 'stdout', 3, bytes(' two'))).toBe(7);
      expect(await readText(store, name, 'c1', 'stdout')).toBe('one two');
      expect(await store.size(name, 'c1', 'stdout')).toBe(7);
    });

    test.each([
      ['the same bytes again', 0, 'one', 3, 'one'],
      ['the same bytes and more', 0, 'one two', 7, 'one two'],
      ['bytes from the middle on', 1, 'ne two', 7, 'one two'],
      ['a part of what is there', 1, 'n', 3, 'one'],
      ['nothing', 3, '', 3, 'one'],
      ['nothing, further back', 1, '', 3, 'one'],
    ])('%s: the overlap is kept once', async (_name, offset, given, next, whole) => {
      const { store, name } = await open();
      await store.append(name, 'c1', 'stdout', 0, bytes('one'));
      expect(await store.append(name, 'c1', 'stdout', offset, bytes(given))).toBe(next);
      expect(await readText(store, name, 'c1', 'stdout')).toBe(whole);
    });

    test('a gap is refused with the offset that was expected, and nothing is kept of it', async () => {
      const { store, name } = await open();
      await store.append(name, 'c1', 'stdout', 0, bytes('one'));
      const error = await store
        .append(name, 'c1', 'stdout', 4, bytes('x'))
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'output_gap', headers: { 'remotify-next-offset': '3' } });
      expect(error).toHaveProperty('message', expect.stringMatching(/: stdout goes on at 3$/));
      expect(await readText(store, name, 'c1', 'stdout')).toBe('one');
    });

    test('the streams of a command and those of other commands are apart', async () => {
      const { store, name } = await open();
      await store.append(name, 'c1', 'stdout', 0, bytes('out'));
      await store.append(name, 'c1', 'stderr', 0, bytes('error'));
      await store.append(name, 'c11', 'stdout', 0, bytes('other'));
      expect(await readText(store, name, 'c1', 'stdout')).toBe('out');
      expect(await readText(store, name, 'c1', 'stderr')).toBe('error');
      expect(await readText(store, name, 'c11', 'stdout')).toBe('other');
    });

    test('appends at once are kept whole, whichever comes first', async () => {
      const { store, name } = await open();
      const whole = Buffer.from(Array.from({ length: 3_000 }, (_, index) => index % 251));
      const parts = [0, 1_000, 2_000].map((offset) =>
        store.append(name, 'c1', 'stdout', offset, whole.subarray(offset, offset + 1_000)),
      );
      await Promise.all([...parts, store.append(name, 'c1', 'stdout', 0, whole)]);
      expect(await store.readBytes(name, 'c1', 'stdout', 0, 10_000)).toEqual(whole);
    });

    test('all 256 bytes come back as they went in', async () => {
      const { store, name } = await open();
      const all = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      await store.append(name, 'c1', 'stdout', 0, all);
      expect(await store.readBytes(name, 'c1', 'stdout', 0, 1_000)).toEqual(all);
    });

    test.each([
      [0, 3, 'one'],
      [4, 3, 'two'],
      [4, 100, 'two'],
      [7, 10, ''],
      [99, 10, ''],
      [0, 0, ''],
    ])('reading from %i at most %i bytes gives %j', async (offset, maxBytes, expected) => {
      const { store, name } = await open();
      await store.append(name, 'c1', 'stdout', 0, bytes('one two'));
      expect((await store.readBytes(name, 'c1', 'stdout', offset, maxBytes)).toString()).toBe(expected);
    });

    test('what is not there is empty', async () => {
      const { store, name } = await open();
      expect(await store.size(name, 'c9', 'stderr')).toBe(0);
      expect(await readText(store, name, 'c9', 'stderr')).toBe('');
    });

    test('bytes that are put with a session replace what was there', async () => {
      const { store, name } = await open();
      const put =
        (given: string) =>
        (session: Session): Outcome<void> => ({
          session: { ...session },
          result: undefined,
          put: [{ id: 'c1', part: 'stdout', bytes: bytes(given) }],
        });
      await store.update(name, (session) => addCommand(session, 'echo'));
      await store.update(name, put('a longer one'));
      await store.update(name, put('short'));
      expect(await readText(store, name, 'c1', 'stdout')).toBe('short');
    });

    test('the bytes of a command that the session no longer remembers are gone', async () => {
      const { store, name } = await open();
      await store.update(name, (session) => addCommand(session, 'one'));
      await store.update(name, (session) => addCommand(session, 'two'));
      await store.append(name, 'c1', 'stdout', 0, bytes('out'));
      await store.update(name, (session) => ({
        session: { ...session, commands: session.commands.slice(1) },
        result: undefined,
      }));
      expect(await readText(store, name, 'c1', 'script')).toBe('');
      expect(await store.size(name, 'c1', 'stdout')).toBe(0);
      expect(await readText(store, name, 'c2', 'script')).toBe('two');
    });
  });
}
