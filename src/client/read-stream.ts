/** A part of the stored output of a command, of one stream, in pieces. */
import { type RetryOptions, withRetry } from './retry.ts';
import type { ReadFrom, RelayClient } from './relay-client.ts';

/** Beyond the end of any stream: the relay then returns only the other one. */
const beyondAll = 10 ** 14;

export interface StreamPart {
  stream: 'stdout' | 'stderr';
  /** In bytes, as the others. */
  offset: number;
  length: number;
  /** The relay is asked for so much at once. */
  maxPieceBytes: number;
}

/** Ends early where the relay has no more. */
export async function readStream(
  client: RelayClient,
  id: string,
  { stream, offset, length, maxPieceBytes }: StreamPart,
  retry: RetryOptions,
  onBytes: (bytes: Uint8Array) => void,
): Promise<void> {
  const from: ReadFrom = { stdout: beyondAll, stderr: beyondAll, [stream]: offset };
  const { signal } = retry;
  for (let left = length; left > 0; ) {
    const limit = Math.min(left, maxPieceBytes);
    const part = await withRetry(() => client.readOutput(id, from, { limit, signal }), retry);
    // A relay that knows no limit sends more.
    const bytes = part[stream].subarray(0, left);
    if (bytes.byteLength === 0) return;
    onBytes(bytes);
    from[stream] += bytes.byteLength;
    left -= bytes.byteLength;
  }
}
