/** Bytes on their way out, in pieces: a reader that takes nothing holds one of them, and not all that it asked for. */
import type { Part } from '../session/session.ts';
import type { Store } from '../store/store.ts';
import { releaseBuffer } from './release-buffer.ts';

/** The first piece, and each one of a slow reader: as much as a socket takes at once. */
export const pieceBytes = 64 * 1024;

/** For a reader that takes the pieces as they come: fewer reads of the store. */
export const maxPieceBytes = 256 * 1024;

/** A reader that took the last piece within this time gets a larger one. */
const quickMs = 50;

export interface Slice {
  readonly part: Part;
  /** In bytes. */
  readonly offset: number;
  readonly bytes: number;
}

/** The store has less of a part than the session says. */
export class ShortPart extends Error {
  readonly part: Part;
  /** How many bytes there are. */
  readonly end: number;

  constructor(part: Part, end: number) {
    super(`${part} ends at ${end}`);
    this.part = part;
    this.end = end;
  }
}

/** Memory for one piece after the other. */
class Room {
  #buffer: Buffer | undefined;

  readonly allocate = (bytes: number): Buffer => {
    if (this.#buffer && this.#buffer.byteLength >= bytes) return this.#buffer.subarray(0, bytes);
    this.release();
    this.#buffer = Buffer.allocUnsafeSlow(bytes);
    return this.#buffer;
  };

  release(): void {
    if (this.#buffer) releaseBuffer(this.#buffer);
    this.#buffer = undefined;
  }
}

/** Read already where it is an array: as much as one piece at most. Else each piece is gone when the next one is asked for. */
export type Pieces = AsyncIterable<Buffer> | readonly Buffer[];

async function* readPieces(store: Store, name: string, id: string, slice: Slice): AsyncGenerator<Buffer> {
  const { part, offset, bytes } = slice;
  const room = new Room();
  let most = pieceBytes;
  for (let done = 0; done < bytes; ) {
    const wanted = Math.min(most, bytes - done);
    const piece = await store.readBytes(name, id, part, offset + done, wanted, room.allocate);
    if (piece.byteLength === 0) throw new ShortPart(part, offset + done);
    const givenAt = performance.now();
    yield piece;
    done += piece.byteLength;
    most = performance.now() - givenAt < quickMs ? Math.min(maxPieceBytes, most * 2) : pieceBytes;
  }
  // Not where the reader left early: the last piece may still be on its way to the kernel.
  room.release();
}

/** Throws ShortPart where the last byte of the slice is not there. */
async function checkEnd(store: Store, name: string, id: string, slice: Slice): Promise<void> {
  const { part, offset, bytes } = slice;
  if ((await store.readBytes(name, id, part, offset + bytes - 1, 1)).byteLength === 1) return;
  // Reads up to where it ends, which is what the error has to say.
  for await (const _piece of readPieces(store, name, id, slice));
}

/**
 * The bytes of a slice, in pieces. What fits in one piece is read now, and of more than that the end is looked at, so that damage is
 * known before the first word of an answer. Throws ShortPart.
 */
export async function openSlice(store: Store, name: string, id: string, slice: Slice): Promise<Pieces> {
  if (slice.bytes > pieceBytes) {
    await checkEnd(store, name, id, slice);
    return readPieces(store, name, id, slice);
  }
  const { part, offset, bytes } = slice;
  if (bytes === 0) return [];
  const first = await store.readBytes(name, id, part, offset, bytes);
  if (first.byteLength === bytes) return [first];
  // The store has it in several pieces, or not all of it.
  return [await joinPieces(readPieces(store, name, id, slice))];
}

/** All of them in one buffer. */
export async function joinPieces(pieces: Pieces): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const piece of pieces) copies.push(Buffer.from(piece));
  return Buffer.concat(copies);
}
