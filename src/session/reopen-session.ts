/** After a time in which nobody could be heard: silence and idleness are counted from the end of it. */
import { slotReaderMs } from '../protocol/limits.ts';
import { isInFlight } from './command.ts';
import { type Listener, silentSince } from './listener.ts';
import type { Session, SlotReader } from './session.ts';

/** A socket that was cut just before: its grace is counted anew. A listener that left, or lost what it held, stays as it is. */
function reopenGoneAt(listener: Listener, holds: boolean, upSince: number): number | null {
  if (listener.goneAt === null || listener.goneAt === silentSince(listener)) return null;
  return holds ? Math.max(listener.goneAt, upSince) : listener.goneAt;
}

function reopenListener(session: Session, upSince: number): Listener | null {
  const { listener } = session;
  if (listener === null || listener.seenAt >= upSince) return listener;
  const holds = session.commands.some((c) => isInFlight(c) && c.listenerId === listener.id);
  return { ...listener, seenAt: upSince, goneAt: reopenGoneAt(listener, holds, upSince) };
}

/** A claim from before: its reader was cut off, and the next one need not wait for the claim to run out. */
function reopenReader(reader: SlotReader | null, upSince: number): SlotReader | null {
  return reader !== null && reader.until - slotReaderMs < upSince ? null : reader;
}

/**
 * The session as though its last signs of life had come at `upSince`, where they are older: signs that came since the last loud change
 * were in memory only, and between then and `upSince` no request could arrive. The same object when there is nothing to do. A clock
 * that was ahead left points in the future: they count as `now`.
 */
export function reopenSession(session: Session, upSince: number, now: number): Session {
  const listener = reopenListener(session, upSince);
  const touchedAt = Math.min(Math.max(session.touchedAt, upSince), now);
  const slotReader = reopenReader(session.slotReader, upSince);
  const isSame =
    listener === session.listener && touchedAt === session.touchedAt && slotReader === session.slotReader;
  return isSame ? session : { ...session, listener, touchedAt, slotReader };
}
