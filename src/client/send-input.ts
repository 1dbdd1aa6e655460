/** The input of a command on its way to the relay, byte for byte, each chunk until the relay has it: a smaller one where an attempt failed. */
import { monotonicMs } from './monotonic.ts';
import { answerGraceMs } from '../protocol/limits.ts';
import { type RetryOptions, withRetry } from './retry.ts';
import type { RelayClient } from './relay-client.ts';
import { RelayError } from './relay-error.ts';

/** What every proxy takes. */
const firstChunkBytes = 1024 * 1024;

/** Grows up to here while input waits: more costs memory here, and there at the relay. */
export const maxChunkBytes = 4 * 1024 * 1024;

/** Below this, what refuses it as too large refuses everything. */
const minChunkBytes = 16 * 1024;

/** A chunk that took less may be followed by one of twice its size, which then arrives well before the client gives it up. */
const quickMs = answerGraceMs / 4;

export interface InputSource {
  /** How much could be taken at once. */
  readonly bytes: number;
  /** The next bytes, `maxBytes` of them at most; none at the end. Throws what reading them threw. */
  take(maxBytes: number): Promise<Uint8Array>;
  close(): void;
}

/** `offset` is where the command's input goes on. Resolves at the end of the input, or when the command takes no more: it may end before it has read all. */
export async function sendInput(
  client: RelayClient,
  id: string,
  input: InputSource,
  retry: RetryOptions,
  { offset: begin = 0, onSent }: { offset?: number; onSent?: (bytes: number) => void } = {},
): Promise<void> {
  const { signal } = retry;
  let offset = begin;
  let chunkBytes = firstChunkBytes;
  let limit = maxChunkBytes;
  let rest: Uint8Array;
  // Each attempt chooses its size: on a slow link a smaller part arrives in time. It may end before what the relay has: an overlap is stored once.
  const sendPart = async (): Promise<void> => {
    const part = rest.subarray(0, chunkBytes);
    const beganAt = monotonicMs();
    try {
      await client.sendStdin(id, offset, part, false, signal);
    } catch (error) {
      chunkBytes = Math.max(minChunkBytes, Math.ceil(part.byteLength / 2));
      throw error;
    }
    rest = rest.subarray(part.byteLength);
    offset += part.byteLength;
    onSent?.(part.byteLength);
    if (monotonicMs() - beganAt < quickMs && rest.byteLength + input.bytes > chunkBytes / 2)
      chunkBytes = Math.min(limit, chunkBytes * 2);
  };
  try {
    for (;;) {
      rest = await input.take(chunkBytes);
      if (rest.byteLength === 0) break;
      while (rest.byteLength > 0) {
        const triedBytes = chunkBytes;
        try {
          await withRetry(sendPart, retry);
        } catch (error) {
          if (!(error instanceof RelayError && error.isTooLarge) || triedBytes <= minChunkBytes) throw error;
          limit = chunkBytes;
        }
      }
    }
    await withRetry(() => client.sendStdin(id, offset, new Uint8Array(), true, signal), retry);
  } catch (error) {
    const isOver =
      error instanceof RelayError && ['stdin_closed', 'no_such_command', 'gone'].includes(error.code);
    if (!isOver && !signal?.aborted) throw error;
  } finally {
    input.close();
  }
}
