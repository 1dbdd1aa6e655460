import { describe, expect, test } from 'vitest';
import { append, type OpenStore, partBytes, push, readStored, readText } from './store-kit.ts';

export function describeOutput(open: OpenStore): void {
  /** A store with a session and a command c1. */
  const openCommand: OpenStore = async () => {
    const opened = await open();
    await push(opened.store, opened.name, 'echo');
    return opened;
  };

  describe('output at offsets', () => {
    test('each append resolves with the next offset, and the session has the size', async () => {
      const { store, name } = await openCommand();
      expect(await append(store, name, 'c1', 'stdout', 0, 'one')).toBe(3);
      expect(await append(store, name, 'c1', 'stdout', 3, ' two')).toBe(7);
      expect(await readText(store, name, 'c1', 'stdout')).toBe('one two');
      expect(partBytes(await store.read(name), 'c1', 'stdout')).toBe(7);
    });

    test.each([
      ['the same bytes again', 0, 'one', 3, 'one'],
      ['the same bytes and more', 0, 'one two', 7, 'one two'],
      ['bytes that begin inside the stored ones', 1, 'ne two', 7, 'one two'],
      ['a part of the stored bytes', 1, 'n', 3, 'one'],
      ['no bytes', 3, '', 3, 'one'],
      ['no bytes at an earlier offset', 1, '', 3, 'one'],
    ])('%s: the overlap is stored once', async (_name, offset, given, next, whole) => {
      const { store, name } = await openCommand();
      await append(store, name, 'c1', 'stdout', 0, 'one');
      const before = await store.read(name);
      expect(await append(store, name, 'c1', 'stdout', offset, given)).toBe(next);
      expect(await readStored(store, name, 'c1', 'stdout')).toBe(whole);
      if (whole === 'one') expect(await store.read(name)).toBe(before);
    });

    test('an append with a gap is refused with the expected offset, and no byte is stored', async () => {
      const { store, name } = await openCommand();
      await append(store, name, 'c1', 'stdout', 0, 'one');
      const error = await append(store, name, 'c1', 'stdout', 4, 'x').catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'output_gap', headers: { 'remotify-next-offset': '3' } });
      expect(error).toHaveProperty('message', expect.stringMatching(/: stdout goes on at 3$/));
      expect(await readStored(store, name, 'c1', 'stdout')).toBe('one');
      expect(await append(store, name, 'c1', 'stdout', 3, ' two')).toBe(7);
    });

    test('the flows of a command are separate from each other and from those of other commands', async () => {
      const { store, name } = await openCommand();
      await push(store, name, 'echo', 'c11');
      await append(store, name, 'c1', 'stdout', 0, 'out');
      await append(store, name, 'c1', 'stderr', 0, 'error');
      await append(store, name, 'c1', 'stdin', 0, 'in');
      await append(store, name, 'c11', 'stdout', 0, 'other');
      expect(await readText(store, name, 'c1', 'stdout')).toBe('out');
      expect(await readText(store, name, 'c1', 'stderr')).toBe('error');
      expect(await readText(store, name, 'c1', 'stdin')).toBe('in');
      expect(await readText(store, name, 'c11', 'stdout')).toBe('other');
    });

    test('simultaneous overlapping appends: each byte is stored once, in any order of arrival', async () => {
      const { store, name } = await openCommand();
      const whole = Buffer.from(Array.from({ length: 3_000 }, (_, index) => index % 251));
      const parts = [0, 1_000, 2_000].map((offset) =>
        append(store, name, 'c1', 'stdout', offset, whole.subarray(offset, offset + 1_000)),
      );
      await Promise.all([...parts, append(store, name, 'c1', 'stdout', 0, whole)]);
      expect(await store.readBytes(name, 'c1', 'stdout', 0, 10_000)).toEqual(whole);
    });

    test('after an update resolved the caller may overwrite its bytes, if copiesPieces is true', async () => {
      const { store, name } = await openCommand();
      for (const size of [100, 50_000, 700_000]) {
        const { stdoutBytes: offset = 0 } = (await store.read(name)).commands[0] ?? {};
        const bytes = Buffer.alloc(size, size % 251);
        await append(store, name, 'c1', 'stdout', offset, bytes);
        if (store.copiesPieces) bytes.fill(0);
        const read = await store.readBytes(name, 'c1', 'stdout', offset, size);
        expect(read.equals(Buffer.alloc(size, size % 251))).toBe(true);
      }
    });

    test('all 256 byte values are read back unchanged', async () => {
      const { store, name } = await openCommand();
      const all = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      await append(store, name, 'c1', 'stdout', 0, all);
      expect(await store.readBytes(name, 'c1', 'stdout', 0, 1_000)).toEqual(all);
    });

    test.each([
      [0, 3, 'one'],
      [4, 3, 'two'],
      [4, 100, 'two'],
      [7, 10, ''],
      [99, 10, ''],
      [0, 0, ''],
    ])('a read at offset %i of at most %i bytes returns %j', async (offset, maxBytes, expected) => {
      const { store, name } = await openCommand();
      await append(store, name, 'c1', 'stdout', 0, 'one two');
      expect((await store.readBytes(name, 'c1', 'stdout', offset, maxBytes)).toString()).toBe(expected);
    });

    test('a part that was never written is empty', async () => {
      const { store, name } = await openCommand();
      expect(await readStored(store, name, 'c1', 'stderr')).toBe('');
      expect(await readStored(store, name, 'c9', 'stderr')).toBe('');
      expect(await readStored(store, 'f'.repeat(64), 'c1', 'stdout')).toBe('');
    });

    test('a dropped command: its bytes are removed, those of other commands stay', async () => {
      const { store, name } = await openCommand();
      await push(store, name, 'two');
      await append(store, name, 'c1', 'stdout', 0, 'out');
      await store.update(name, (session) => ({
        session: { ...session, commands: session.commands.slice(1) },
        result: undefined,
      }));
      for (const part of ['script', 'stdin', 'stdout', 'stderr'] as const)
        expect(await readStored(store, name, 'c1', part)).toBe('');
      expect(await readText(store, name, 'c2', 'script')).toBe('two');
    });
  });
}
