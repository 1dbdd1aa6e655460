/** Sends a stream to the stdin of a command. */
import { GatheredInput } from './gathered-input.ts';
import { maxInputPartBytes, sendInput } from './send-input.ts';
import type { RetryOptions } from './retry.ts';
import type { RelayClient } from './relay-client.ts';

/** Like `sendInput`, but reads a bounded number of bytes ahead of what the relay has stored. */
export function forwardStdin(
  client: RelayClient,
  id: string,
  source: AsyncIterable<Uint8Array>,
  retry: RetryOptions,
  options: { offset?: number; onSent?: (bytes: number) => void } = {},
): Promise<void> {
  return sendInput(client, id, new GatheredInput(source, maxInputPartBytes), retry, options);
}
