/** A session that was kept by a relay that is no more. */
import { isInFlight } from './command.ts';
import { type Listener, silentSince } from './listener.ts';
import type { Outcome, Session } from './session.ts';

/** Of a socket that was cut just before, the grace is counted anew, and so is silence; a listener that left holds nothing. */
function reopenGoneAt(listener: Listener, holds: boolean, now: number): number | null {
  if (listener.goneAt === null || listener.goneAt === silentSince(listener)) return null;
  return holds ? now : listener.goneAt;
}

/**
 * Signs of life were in the memory of that relay, and nobody could be heard while there was none: the lifetime and the listener's
 * silence are counted from now.
 */
export function reopenSession(session: Session, now: number): Outcome<Session> {
  const { listener } = session;
  const holds =
    listener !== null && session.commands.some((c) => isInFlight(c) && c.listenerId === listener.id);
  const reopened: Session = {
    ...session,
    touchedAt: now,
    listener: listener && { ...listener, seenAt: now, goneAt: reopenGoneAt(listener, holds, now) },
  };
  return { session: reopened, result: reopened, quiet: true };
}
