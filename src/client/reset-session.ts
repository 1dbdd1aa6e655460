/** Cancels the commands of a session and clears its results; its key and its listener stay valid. */
import { parseFields } from '../protocol/json-fields.ts';
import type { RelayClient } from './relay-client.ts';

/** Returns how much was cleared, by the names that the relay uses. */
export async function resetSession(client: RelayClient): Promise<Readonly<Record<string, unknown>>> {
  const answer = await client.send('reset', { method: 'POST' });
  return client.parse(answer, (value) => parseFields(parseFields(value)?.['cleared']));
}
