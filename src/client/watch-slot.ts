/** Polls the status of a legacy relay to find out that a pushed command will have no result. */
import { monotonicMs } from './monotonic.ts';
import { type RetryOptions, withRetry } from './retry.ts';
import { pause } from './pause.ts';
import type { RelayClient } from './relay-client.ts';
import type { StatusPayload } from '../protocol/status-payload.ts';

/** Why no result will come. */
export type SlotTrouble = 'not taken' | 'restarted' | 'reset';

/** A listener that polls this long after it took a command has lost the command: it does not poll during a run. */
const restartedAfterSeconds = 30;

const lookEveryMs = 15_000;

/** An idle listener always has a poll open, and a poll takes 15 s. */
const pollSeconds = 20;

/** Whether a listener would take a command now. */
export function readAvailability(status: StatusPayload): 'free' | 'busy' | 'absent' {
  const { listener_seen_seconds_ago: seen } = status;
  if (status.cmd_in_flight || status.cmd_queued) return 'busy';
  return seen !== null && seen <= pollSeconds ? 'free' : 'absent';
}

function hasRestarted({
  cmd_in_flight_seconds_ago: taken,
  listener_seen_seconds_ago: seen,
}: StatusPayload): boolean {
  return taken !== null && seen !== null && taken - seen > restartedAfterSeconds;
}

/**
 * Resolves when there will be no result; throws when the signal aborts. `takeWithinSeconds`: how long the command may be queued.
 */
export async function watchSlot(
  client: RelayClient,
  takeWithinSeconds: number,
  retry: RetryOptions & { signal: AbortSignal },
): Promise<SlotTrouble> {
  const { signal } = retry;
  const began = monotonicMs();
  let absences = 0;
  for (;;) {
    const left = Math.max(takeWithinSeconds * 1000 - (monotonicMs() - began), 0);
    await pause(left > 0 ? Math.min(left, lookEveryMs) : lookEveryMs, signal);
    const status = await withRetry(() => client.readStatus({ signal }), retry);
    const isLate = monotonicMs() - began >= takeWithinSeconds * 1000;
    if (status.cmd_queued && isLate) return 'not taken';
    if (hasRestarted(status)) return 'restarted';
    // Needs two polls in a row: at the first one the result may be in flight to this client. If listener_seen_seconds_ago is null,
    // the relay does not know what is in flight.
    const isNowhere = !status.cmd_queued && !status.cmd_in_flight && !status.result_queued;
    absences = isNowhere && status.listener_seen_seconds_ago !== null ? absences + 1 : 0;
    if (absences >= 2) return 'reset';
  }
}
