/** Reads a range of one stored output stream of a command, in pieces. */
import { type RetryOptions, withRetry } from './retry.ts';
import type { ReadFrom, RelayClient } from './relay-client.ts';

/** An offset beyond the end of any stream. With it for one stream, the relay returns only the other stream. */
const beyondAll = 10 ** 14;

export interface StreamPart {
  stream: 'stdout' | 'stderr';
  /** In bytes, as are the other numbers. */
  offset: number;
  length: number;
  /** The most that one request asks for. */
  maxPieceBytes: number;
}

/** Returns early if the relay has no more. */
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
    // A relay that does not know `limit` sends more.
    const bytes = part[stream].subarray(0, left);
    if (bytes.byteLength === 0) return;
    onBytes(bytes);
    from[stream] += bytes.byteLength;
    left -= bytes.byteLength;
  }
}
