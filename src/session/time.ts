/** Timeouts of a session. advance() runs before every transition, and a timer calls it at nextDeadline(). */
import { isInFlight, isWaiting } from '../protocol/command-states.ts';
import { endCommand, requeueCommand } from './command.ts';
import { findLiveListener, listenerDeadline, silentRunDeadline, silentSince } from './listener.ts';
import { openCommands } from './open-commands.ts';
import { replaceCommand, type Session } from './session.ts';
import { settleCommand } from './settle-command.ts';

/** How much older than the last request `touchedAt` may be, so that not every request costs a write. */
function touchGranularity(ttlMs: number): number {
  return Math.min(60_000, ttlMs / 100);
}

/** Records a request on the key. */
export function touch(session: Session, now: number, ttlMs: number): Session {
  return now - session.touchedAt < touchGranularity(ttlMs) ? session : { ...session, touchedAt: now };
}

function expireWaiting(session: Session, now: number): Session {
  return openCommands(session.commands)
    .filter((command) => isWaiting(command.state) && command.expiresAt !== null && command.expiresAt <= now)
    .reduce(
      (rest, command) =>
        settleCommand(rest, endCommand(command, 'expired', now, { reason: 'it was not started in time' })),
      session,
    );
}

/** For a listener that is gone or replaced: a command that it was only shown is queued again, a running one is lost. */
export function releaseCommands(session: Session, listenerId: string, now: number, reason: string): Session {
  return openCommands(session.commands)
    .filter((command) => isInFlight(command.state) && command.listenerId === listenerId)
    .reduce(
      (rest, command) =>
        command.state === 'running'
          ? settleCommand(rest, endCommand(command, 'lost', now, { reason }))
          : replaceCommand(rest, requeueCommand(command)),
      session,
    );
}

/** Drops an expired claim on the slot: the relay of that reader died, and the next reader gets the result. */
function releaseReader(session: Session, now: number): Session {
  return session.slotReader !== null && session.slotReader.until <= now
    ? { ...session, slotReader: null }
    : session;
}

/** The session at this point in time; the same object when no timeout was due. */
export function advance(session: Session, now: number): Session {
  const onTime = releaseReader(expireWaiting(session, now), now);
  const { listener } = onTime;
  if (listener === null || listener.kind === 'slot' || findLiveListener(onTime, now)) return onTime;
  const released = releaseCommands(onTime, listener.id, now, 'the listener disconnected');
  if (listener.goneAt !== null) return released;
  return { ...released, listener: { ...listener, goneAt: silentSince(listener) } };
}

/** When the session expires. */
export function sessionDeadline(session: Session, now: number, ttlMs: number): number {
  const idle = session.touchedAt + ttlMs + touchGranularity(ttlMs);
  const listener = findLiveListener(session, now);
  const attached = listener?.kind === 'runner' ? listenerDeadline(listener) + ttlMs : 0;
  return Math.max(idle, attached, silentRunDeadline(session.commands));
}

/** When advance() or the end of the session is due next, ms since 1970. */
export function nextDeadline(session: Session, now: number, ttlMs: number): number {
  const open = openCommands(session.commands);
  const expiries = open
    .filter(({ state }) => isWaiting(state))
    .map((command) => command.expiresAt ?? Infinity);
  const { listener } = session;
  const holds = listener !== null && open.some((c) => isInFlight(c.state) && c.listenerId === listener.id);
  const isWatched = listener?.kind === 'runner' && (holds || listener.goneAt === null);
  const silence = isWatched ? listenerDeadline(listener) : Infinity;
  const reader = session.slotReader?.until ?? Infinity;
  return Math.min(sessionDeadline(session, now, ttlMs), silence, reader, ...expiries);
}
