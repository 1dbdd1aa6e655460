/** A session as `GET …/status` tells it. Consumes nothing. */
import type { StatusPayload } from '../protocol/status-payload.ts';
import { isInFlight } from './command.ts';
import { findLiveListener } from './listener.ts';
import { queuedCommands, type Session } from './session.ts';

function secondsSince(point: number, now: number): number {
  return Math.max(0, Math.floor((now - point) / 1000));
}

export function viewStatus(session: Session, now: number): StatusPayload {
  const { listener } = session;
  const current = session.commands.find(isInFlight);
  const queued = queuedCommands(session).length;
  return {
    cmd_queued: queued > 0,
    // One that is being sent is not to be had any more: it is taken out a moment after the last byte.
    result_queued: session.slotResult !== null && session.slotReader === null,
    cmd_in_flight: current !== undefined,
    cmd_in_flight_seconds_ago: current
      ? secondsSince(current.startedAt ?? current.shownAt ?? now, now)
      : null,
    listener_seen_seconds_ago: listener ? secondsSince(listener.seenAt, now) : null,
    listener: listener && {
      host: listener.host,
      user: listener.user,
      mode: listener.mode,
      kind: listener.kind,
      attached: findLiveListener(listener, now) !== undefined,
      seen_seconds_ago: secondsSince(listener.seenAt, now),
    },
    queue_length: queued,
    current: current?.id ?? null,
    revision: session.revision,
  };
}
