/** A session that was kept by a relay that is no more. */
import { isInFlight } from './command.ts';
import type { Outcome, Session } from './session.ts';

/**
 * Signs of life were in the memory of that relay, and nobody could be heard while there was none: the lifetime and the listener's
 * silence are counted from now.
 */
export function reopenSession(session: Session, now: number): Outcome<Session> {
  const { listener } = session;
  // Of a socket that was cut just before, the grace is counted anew; a listener that left holds nothing.
  const holds =
    listener !== null && session.commands.some((c) => isInFlight(c) && c.listenerId === listener.id);
  const reopened: Session = {
    ...session,
    touchedAt: now,
    listener: listener && {
      ...listener,
      seenAt: now,
      goneAt: listener.goneAt !== null && holds ? now : listener.goneAt,
    },
  };
  return { session: reopened, result: reopened, quiet: true };
}
