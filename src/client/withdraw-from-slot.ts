/** Takes a command back out of the slot of a legacy relay. */
import { dropFromSlot } from './slots.ts';
import { withRetry } from './retry.ts';
import type { RelayClient } from './relay-client.ts';
import { RelayError } from './relay-error.ts';

/** `taken`: a listener has it already, and runs it. `unknown`: the relay did not answer; it may still be queued. */
export type SlotFate = 'dropped' | 'taken' | 'unknown';

const retryForMs = 5_000;

/** Never throws. `isPatient`: tries again for 5 s where the relay does not answer. */
export async function withdrawFromSlot(
  client: RelayClient,
  isPatient: boolean,
  hurry?: AbortSignal,
): Promise<SlotFate> {
  const timeout = AbortSignal.timeout(retryForMs);
  const signal = hurry ? AbortSignal.any([hurry, timeout]) : timeout;
  const retry = { signal, retryForMs: isPatient ? retryForMs : 0 };
  try {
    await withRetry(() => dropFromSlot(client, signal), retry);
    // After the drop: what is in flight now was not dropped.
    const status = await withRetry(() => client.readStatus({ signal }), retry);
    return status.cmd_in_flight ? 'taken' : 'dropped';
  } catch (error) {
    return error instanceof RelayError && error.code === 'gone' ? 'dropped' : 'unknown';
  }
}
