/** Output on its way out, in pieces: a reader that takes nothing holds one of them, and not all that it asked for. */
import type { Stream } from '../session/session.ts';
import type { Store } from '../store/store.ts';

/** As much as a socket takes at once. */
export const pieceBytes = 64 * 1024;

/** So many bytes of a stream, all of which are there. Throws where they are not. */
export async function* readPieces(
  store: Store,
  name: string,
  id: string,
  { stream, offset, bytes }: { stream: Stream; offset: number; bytes: number },
): AsyncGenerator<Buffer> {
  for (let done = 0; done < bytes; ) {
    const wanted = Math.min(pieceBytes, bytes - done);
    const piece = await store.readBytes(name, id, stream, offset + done, wanted);
    if (piece.byteLength === 0) throw new Error('output is shorter than it was');
    yield piece;
    done += piece.byteLength;
  }
}
