/** A stream as the input of a command. */
import { GatheredInput } from './gathered-input.ts';
import { mostChunkBytes, sendInput } from './send-input.ts';
import type { Patience } from './patience.ts';
import type { RelayClient } from './relay-client.ts';

/** As `sendInput`. Reads ahead of what the relay has taken, a bounded number of bytes. */
export function forwardStdin(
  client: RelayClient,
  id: string,
  source: AsyncIterable<Uint8Array>,
  patience: Patience,
  options: { offset?: number; onSent?: (bytes: number) => void } = {},
): Promise<void> {
  return sendInput(client, id, new GatheredInput(source, mostChunkBytes), patience, options);
}
