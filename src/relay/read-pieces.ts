/** Reads stored bytes in pieces for a response, so that a slow reader keeps only one piece in memory. */
import type { Part } from '../session/session.ts';
import type { Store } from '../store/store.ts';
import { releaseBuffer } from './release-buffer.ts';

/** Size of the first piece, and of each piece for a slow reader: as much as a socket takes at once. */
export const pieceBytes = 64 * 1024;

/** Largest size of a piece, for a reader that keeps up: it needs fewer reads of the store. */
export const maxPieceBytes = 256 * 1024;

/** A reader that took the last piece within this time gets a larger one next. */
const quickMs = 50;

export interface Slice {
  readonly part: Part;
  /** In bytes. */
  readonly offset: number;
  readonly bytes: number;
}

/** The error for a part of which the store has fewer bytes than the session records. */
export class ShortPart extends Error {
  readonly part: Part;
  /** How many bytes the store has. */
  readonly end: number;

  constructor(part: Part, end: number) {
    super(`${part} ends at ${end}`);
    this.part = part;
    this.end = end;
  }
}

/** One buffer that is reused for each piece. */
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

/** An array is already in memory, at most one piece. Otherwise reading the next piece overwrites the one before. */
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
  // Not after a reader that left early: node may still be writing the last piece to the socket.
  room.release();
}

/** Throws ShortPart if the store does not have the last byte of the slice. */
async function checkEnd(store: Store, name: string, id: string, slice: Slice): Promise<void> {
  const { part, offset, bytes } = slice;
  if ((await store.readBytes(name, id, part, offset + bytes - 1, 1)).byteLength === 1) return;
  // Reads up to the end of the part, which the error has to contain.
  for await (const _piece of readPieces(store, name, id, slice));
}

/**
 * The bytes of a slice, in pieces. Reads a slice that fits in one piece now, and checks that the last byte of a larger
 * one exists, so that the relay notices damage before it sends the head of the response. Throws ShortPart.
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
  // The store returned only a part of the slice: the slice has several pieces, or the store lacks some of its bytes.
  return [await joinPieces(readPieces(store, name, id, slice))];
}

/** Copies all pieces into one buffer. */
export async function joinPieces(pieces: Pieces): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const piece of pieces) copies.push(Buffer.from(piece));
  return Buffer.concat(copies);
}
