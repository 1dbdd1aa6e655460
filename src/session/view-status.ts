/** A session as `GET …/status` returns it. Consumes nothing. */
import { readLabel } from '../protocol/name-listener.ts';
import type { StatusPayload } from '../protocol/status-payload.ts';
import { isInFlight } from '../protocol/command-states.ts';
import { findLiveListener, type Listener } from './listener.ts';
import { openCommands } from './open-commands.ts';
import { queuedCommands, type Session } from './session.ts';

function secondsSince(point: number, now: number): number {
  return Math.max(0, Math.floor((now - point) / 1000));
}

/**
 * A legacy listener does not poll while it runs a command. So a legacy client that sees a poll during a run assumes
 * that the listener restarted, and resets the session. `listener.seen_seconds_ago` has the real number.
 */
function seenSeconds(listener: Listener | null, inFlightSeconds: number | null, now: number): number | null {
  if (!listener) return inFlightSeconds;
  return Math.max(secondsSince(listener.seenAt, now), inFlightSeconds ?? 0);
}

export function viewStatus(session: Session, now: number): StatusPayload {
  const { listener } = session;
  const current = openCommands(session.commands).find(({ state }) => isInFlight(state));
  const inFlightSeconds = current ? secondsSince(current.startedAt ?? current.shownAt ?? now, now) : null;
  const queued = queuedCommands(session).length;
  return {
    cmd_queued: queued > 0,
    // A result that is being sent is no longer available: it leaves the slot just after the last byte.
    result_queued: session.slotResult !== null && session.slotReader === null,
    cmd_in_flight: current !== undefined,
    cmd_in_flight_seconds_ago: inFlightSeconds,
    listener_seen_seconds_ago: seenSeconds(listener, inFlightSeconds, now),
    listener: listener && {
      host: readLabel(listener.host),
      user: readLabel(listener.user),
      mode: listener.mode,
      kind: listener.kind,
      attached: findLiveListener(session, now) !== undefined,
      seen_seconds_ago: secondsSince(listener.seenAt, now),
    },
    queue_length: queued,
    current: current?.id ?? null,
    revision: session.revision,
    now,
  };
}
