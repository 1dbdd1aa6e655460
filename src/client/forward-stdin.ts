/** A client's own input on its way to a command, byte for byte, each chunk until the relay has it. */
import { maxChunkBytes } from '../protocol/limits.ts';
import { type Patience, withPatience } from './patience.ts';
import type { RelayClient } from './relay-client.ts';
import { RelayError } from './relay-error.ts';

/** Cuts what comes into pieces that one request may carry. */
async function* cutChunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    for (let at = 0; at < bytes.byteLength; at += maxChunkBytes) yield bytes.subarray(at, at + maxChunkBytes);
  }
}

/** Resolves at the end of the input, or when the command takes no more: it may end before it has read all. */
export async function forwardStdin(
  client: RelayClient,
  id: string,
  source: AsyncIterable<Uint8Array>,
  patience: Patience,
): Promise<void> {
  const { signal } = patience;
  let offset = 0;
  try {
    for await (const bytes of cutChunks(source)) {
      await withPatience(() => client.sendStdin(id, offset, bytes, false, signal), patience);
      offset += bytes.byteLength;
    }
    await withPatience(() => client.sendStdin(id, offset, new Uint8Array(), true, signal), patience);
  } catch (error) {
    const isOver =
      error instanceof RelayError && ['stdin_closed', 'no_such_command', 'gone'].includes(error.code);
    if (!isOver && signal?.aborted !== true) throw error;
  }
}
