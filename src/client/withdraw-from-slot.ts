/** Takes a command back out of the slot of a legacy relay. */
import { dropFromSlot } from './slots.ts';
import { withPatience } from './patience.ts';
import type { RelayClient } from './relay-client.ts';
import { RelayError } from './relay-error.ts';

/** `taken`: a listener has it already, and runs it. `unknown`: the relay did not answer; it may still be queued. */
export type SlotFate = 'dropped' | 'taken' | 'unknown';

const patienceMs = 5_000;

/** Never throws. `isPatient`: tries again for 5 s where the relay does not answer. */
export async function withdrawFromSlot(
  client: RelayClient,
  isPatient: boolean,
  hurry?: AbortSignal,
): Promise<SlotFate> {
  const timeout = AbortSignal.timeout(patienceMs);
  const signal = hurry ? AbortSignal.any([hurry, timeout]) : timeout;
  const patience = { signal, patienceMs: isPatient ? patienceMs : 0 };
  try {
    await withPatience(() => dropFromSlot(client, signal), patience);
    // After the drop: what is in flight now was not dropped.
    const status = await withPatience(() => client.readStatus({ signal }), patience);
    return status.cmd_in_flight ? 'taken' : 'dropped';
  } catch (error) {
    return error instanceof RelayError && error.code === 'gone' ? 'dropped' : 'unknown';
  }
}
