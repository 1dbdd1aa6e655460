/** Requests for the command slot and the result slot of a session, which legacy relays have too. */
import { maxWaitSeconds } from '../protocol/limits.ts';
import { expectStatus, notARelay } from './check-answer.ts';
import type { RelayClient } from './relay-client.ts';

export async function pushToSlot(
  client: RelayClient,
  script: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const answer = await client.send('slotCommand', {
    method: 'POST',
    body: script,
    signal,
  });
  expectStatus(201, answer, client.baseUrl);
}

export async function dropFromSlot(client: RelayClient, signal?: AbortSignal): Promise<void> {
  const answer = await client.send('slotCommand', { method: 'DELETE', signal });
  expectStatus(204, answer, client.baseUrl);
}

/** The text in the result slot, or undefined when the poll ended without one. */
export async function takeResult(client: RelayClient, signal?: AbortSignal): Promise<Uint8Array | undefined> {
  const answer = await client.send('slotResult', { waitSeconds: maxWaitSeconds, signal });
  // Check this first: a legacy relay sends the content type of its error pages with a 204 too.
  if (answer.status === 204) return undefined;
  // A result is plain bytes; HTML comes from a captive portal.
  if (answer.headers['content-type']?.includes('html')) throw notARelay(answer, client.baseUrl);
  expectStatus(200, answer, client.baseUrl);
  return answer.body;
}
