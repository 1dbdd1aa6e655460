/** A stream as the input of a command. */
import { GatheredInput } from './gathered-input.ts';
import { maxChunkBytes, sendInput } from './send-input.ts';
import type { RetryOptions } from './retry.ts';
import type { RelayClient } from './relay-client.ts';

/** As `sendInput`. Reads ahead of what the relay has taken, a bounded number of bytes. */
export function forwardStdin(
  client: RelayClient,
  id: string,
  source: AsyncIterable<Uint8Array>,
  retry: RetryOptions,
  options: { offset?: number; onSent?: (bytes: number) => void } = {},
): Promise<void> {
  return sendInput(client, id, new GatheredInput(source, maxChunkBytes), retry, options);
}
