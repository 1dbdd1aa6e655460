/** Sends the stdin of a command to the relay. Retries each chunk until the relay has it, in a smaller size after a failure. */
import { monotonicMs } from './monotonic.ts';
import { answerGraceMs } from '../protocol/limits.ts';
import { type RetryOptions, withRetry } from './retry.ts';
import type { RelayClient } from './relay-client.ts';
import { RelayError } from './relay-error.ts';

/** Every proxy accepts a body of this size. */
const firstChunkBytes = 1024 * 1024;

/** Chunks grow to this size while more input waits. Larger ones would cost more memory, here and in the relay. */
export const maxInputPartBytes = 4 * 1024 * 1024;

/** A server that rejects this size as too large would reject any size. */
const minChunkBytes = 16 * 1024;

/** If a chunk took less time than this, one of twice its size arrives well before the client's timeout. */
const quickMs = answerGraceMs / 4;

export interface InputSource {
  /** How many bytes are available now. */
  readonly bytes: number;
  /** Takes the next bytes, at most `maxBytes`; empty at the end. Throws the error that reading them threw. */
  take(maxBytes: number): Promise<Uint8Array>;
  close(): void;
}

/**
 * `offset`: where the command's input continues. Resolves at the end of the input, or when the command accepts no more: a command may
 * end before it has read all of its input.
 */
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
  let limit = maxInputPartBytes;
  let rest: Uint8Array;
  // Each attempt chooses its size: on a slow link only a smaller part arrives in time. It may end before the offset that the
  // relay has reached: the relay stores overlapping bytes once.
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
