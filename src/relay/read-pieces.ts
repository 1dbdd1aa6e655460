/** Bytes on their way out, in pieces: a reader that takes nothing holds one of them, and not all that it asked for. */
import type { Part } from '../session/session.ts';
import type { Store } from '../store/store.ts';

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

/** Read already where it is an array: as much as one piece at most. */
export type Pieces = AsyncIterable<Buffer> | readonly Buffer[];

async function* readPieces(store: Store, name: string, id: string, slice: Slice): AsyncGenerator<Buffer> {
  const { part, offset, bytes } = slice;
  let most = pieceBytes;
  for (let done = 0; done < bytes; ) {
    const wanted = Math.min(most, bytes - done);
    const piece = await store.readBytes(name, id, part, offset + done, wanted);
    if (piece.byteLength === 0) throw new ShortPart(part, offset + done);
    const givenAt = performance.now();
    yield piece;
    done += piece.byteLength;
    most = performance.now() - givenAt < quickMs ? Math.min(maxPieceBytes, most * 2) : pieceBytes;
  }
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
  const pieces: Buffer[] = [];
  for await (const piece of readPieces(store, name, id, slice)) pieces.push(piece);
  return pieces;
}
