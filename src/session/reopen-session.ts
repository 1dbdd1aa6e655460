/** After a time in which no request could arrive: silence and idleness are counted from the end of it. */
import { slotReaderMs } from '../protocol/limits.ts';
import { isInFlight } from '../protocol/command-states.ts';
import type { Listener } from './listener.ts';
import { openCommands } from './open-commands.ts';
import type { Session, SlotReader } from './session.ts';

/** A listener that is gone stays so, but where its socket was cut in mid-command: then its grace is counted anew. */
function reopenListener(session: Session, upSince: number, now: number): Listener | null {
  const { listener } = session;
  if (listener === null || (listener.seenAt >= upSince && listener.seenAt <= now)) return listener;
  const holds = openCommands(session.commands).some(
    (c) => isInFlight(c.state) && c.listenerId === listener.id,
  );
  if (listener.goneAt !== null && !holds && listener.seenAt <= now) return listener;
  const clamp = (point: number): number => Math.min(Math.max(point, upSince), now);
  const goneAt =
    listener.goneAt === null ? null : Math.min(holds ? clamp(listener.goneAt) : listener.goneAt, now);
  return { ...listener, seenAt: clamp(listener.seenAt), goneAt };
}

/**
 * A claim from before: its reader was cut off, and the next one need not wait for the claim to run out. Nor for one from far in the future.
 * The near future is the clock of another relay, which is ahead of this one's by some milliseconds: that reader is there.
 */
function reopenReader(reader: SlotReader | null, upSince: number, now: number): SlotReader | null {
  if (reader === null) return null;
  const claimedAt = reader.until - slotReaderMs;
  return claimedAt < upSince || claimedAt > now + slotReaderMs ? null : reader;
}

/**
 * The session as though its last signs of life had come at `upSince`, where they are older: signs that came since the last loud change
 * were in memory only, and between then and `upSince` no request could arrive. The same object when there is nothing to do. A clock
 * that was ahead left points in the future: they count as `now`.
 */
export function reopenSession(session: Session, upSince: number, now: number): Session {
  const listener = reopenListener(session, upSince, now);
  const touchedAt = Math.min(Math.max(session.touchedAt, upSince), now);
  const slotReader = reopenReader(session.slotReader, upSince, now);
  const isSame =
    listener === session.listener && touchedAt === session.touchedAt && slotReader === session.slotReader;
  return isSame ? session : { ...session, listener, touchedAt, slotReader };
}
