import { afterEach, expect, test, vi } from 'vitest';
import { joinPieces, maxPieceBytes, openSlice, pieceBytes } from '../../src/relay/read-pieces.ts';
import type { Store } from '../../src/store/store.ts';

afterEach(() => {
  vi.useRealTimers();
});

const slice = { part: 'stdout', offset: 0, bytes: 1024 * 1024 } as const;
const store = {
  readBytes: (_name: string, _id: string, _part: string, _offset: number, bytes: number) =>
    Promise.resolve(Buffer.alloc(bytes)),
} as unknown as Store;

/** The sizes of the pieces for a reader that takes `pauseMs` for each. */
async function readSizes(pauseMs: number): Promise<number[]> {
  vi.useFakeTimers();
  const sizes: number[] = [];
  for await (const piece of await openSlice(store, 'name', 'c1', slice)) {
    sizes.push(piece.byteLength);
    vi.advanceTimersByTime(pauseMs);
  }
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(slice.bytes);
  return sizes;
}

test('reader that takes each piece immediately: the size doubles, up to a limit', async () => {
  const sizes = await readSizes(0);
  expect(sizes.slice(0, 4)).toEqual([pieceBytes, 2 * pieceBytes, maxPieceBytes, maxPieceBytes]);
});

test('reader that takes a second for each piece: all pieces have the smallest size', async () => {
  expect(new Set(await readSizes(1000))).toEqual(new Set([pieceBytes]));
});

test('pieces that share one buffer: each is valid until the next one is read, and joinPieces copies them', async () => {
  const whole = Buffer.from(Array.from({ length: slice.bytes }, (_, index) => (index * 7) % 251));
  const rooms = new Set<ArrayBufferLike>();
  const reading = {
    readBytes: async (
      _name: string,
      _id: string,
      _part: string,
      offset: number,
      bytes: number,
      allocate = (size: number) => Buffer.allocUnsafe(size),
    ) => {
      const room = allocate(bytes);
      if (bytes > 1) rooms.add(room.buffer);
      whole.copy(room, 0, offset, offset + bytes);
      return room;
    },
  } as unknown as Store;
  let at = 0;
  for await (const piece of await openSlice(reading, 'name', 'c1', slice)) {
    expect(piece.equals(whole.subarray(at, at + piece.byteLength))).toBe(true);
    at += piece.byteLength;
  }
  expect(at).toBe(slice.bytes);
  expect(rooms.size).toBe(3);
  expect((await joinPieces(await openSlice(reading, 'name', 'c1', slice))).equals(whole)).toBe(true);
});
