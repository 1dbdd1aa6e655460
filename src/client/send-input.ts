/** The input of a command on its way to the relay, byte for byte, each chunk until the relay has it. */
import { type Patience, withPatience } from './patience.ts';
import type { RelayClient } from './relay-client.ts';
import { RelayError } from './relay-error.ts';

/** What every proxy takes. */
const firstChunkBytes = 1024 * 1024;

/** Grows up to here while input waits: more costs memory here, and there at the relay. */
export const mostChunkBytes = 4 * 1024 * 1024;

/** Below this, what refuses it as too large refuses everything. */
const leastChunkBytes = 16 * 1024;

export interface InputSource {
  /** How much could be taken at once. */
  readonly bytes: number;
  /** The next bytes, `mostBytes` of them at most; none at the end. Throws what reading them threw. */
  take(mostBytes: number): Promise<Uint8Array>;
  close(): void;
}

/** `offset` is where the command's input goes on. Resolves at the end of the input, or when the command takes no more: it may end before it has read all. */
export async function sendInput(
  client: RelayClient,
  id: string,
  input: InputSource,
  patience: Patience,
  { offset: begin = 0, onSent }: { offset?: number; onSent?: (bytes: number) => void } = {},
): Promise<void> {
  const { signal } = patience;
  let offset = begin;
  let chunkBytes = firstChunkBytes;
  let limit = mostChunkBytes;
  const send = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.byteLength; ) {
      const part = bytes.subarray(at, at + chunkBytes);
      try {
        await withPatience(() => client.sendStdin(id, offset, part, false, signal), patience);
      } catch (error) {
        if (!(error instanceof RelayError && error.isTooLarge) || chunkBytes <= leastChunkBytes) throw error;
        chunkBytes = Math.max(leastChunkBytes, Math.ceil(part.byteLength / 2));
        limit = chunkBytes;
        continue;
      }
      at += part.byteLength;
      offset += part.byteLength;
      onSent?.(part.byteLength);
    }
  };
  try {
    for (;;) {
      const bytes = await input.take(chunkBytes);
      if (bytes.byteLength === 0) break;
      await send(bytes);
      if (input.bytes > chunkBytes / 2) chunkBytes = Math.min(limit, chunkBytes * 2);
    }
    await withPatience(() => client.sendStdin(id, offset, new Uint8Array(), true, signal), patience);
  } catch (error) {
    const isOver =
      error instanceof RelayError && ['stdin_closed', 'no_such_command', 'gone'].includes(error.code);
    if (!isOver && signal?.aborted !== true) throw error;
  } finally {
    input.close();
  }
}
