import { setTimeout as pause } from 'node:timers/promises';
import type { SessionPayload, SessionStatus } from '../harness/slot-session.ts';

/** A listener that is seen this long after it took the command was restarted: so a legacy client concludes. */
export const resetAfterSeconds = 30;

/** A legacy client counts missing numbers as 0. */
export const lagOf = (status: SessionStatus): number =>
  (status.cmd_in_flight_seconds_ago ?? 0) - (status.listener_seen_seconds_ago ?? 0);

export type LegacyRun = { result: string | undefined; wasReset: boolean; lags: number[] };

/**
 * The logic of the public original's MCP server (0.4.0): it pushes through the slot, polls for the result, and reads the status in
 * between. If the listener was seen long after it took the command, this client concludes that the listener lost the command: it resets
 * the session, and gives up.
 */
export async function runAsLegacyClient(
  { urls }: SessionPayload,
  command: string,
  { lookEveryMs = 2_000, deadlineMs = 80_000 } = {},
): Promise<LegacyRun> {
  const lags: number[] = [];
  const pushed = await fetch(urls.cmd, { method: 'POST', body: command });
  if (pushed.status !== 201) throw new Error(`the push: ${pushed.status}`);
  const until = performance.now() + deadlineMs;
  while (performance.now() < until) {
    const answer = await fetch(`${urls.result}?nowait=1`);
    if (answer.status === 200) return { result: await answer.text(), wasReset: false, lags };
    const status = (await (await fetch(`${urls.api}/status`)).json()) as SessionStatus;
    if (status.cmd_in_flight) lags.push(lagOf(status));
    if (status.cmd_in_flight && lagOf(status) > resetAfterSeconds) {
      await fetch(`${urls.api}/reset`, { method: 'POST' });
      return { result: undefined, wasReset: true, lags };
    }
    await pause(lookEveryMs);
  }
  throw new Error(`no result within ${deadlineMs} ms`);
}
