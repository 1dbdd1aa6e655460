/** Withdraws a command from the slot of a legacy relay. */
import { dropFromSlot } from './slots.ts';
import { withRetry } from './retry.ts';
import type { RelayClient } from './relay-client.ts';
import { RelayError } from './relay-error.ts';

/** `taken`: a listener already has it, and runs it. `unknown`: the relay did not answer; it may still be queued. */
export type SlotFate = 'dropped' | 'taken' | 'unknown';

const retryForMs = 5_000;

/** Never throws. `isPatient`: retries for 5 s if the relay does not answer. */
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
    // Read after the drop: a command that is in flight now was not dropped.
    const status = await withRetry(() => client.readStatus({ signal }), retry);
    return status.cmd_in_flight ? 'taken' : 'dropped';
  } catch (error) {
    return error instanceof RelayError && error.code === 'gone' ? 'dropped' : 'unknown';
  }
}
