/** Corrects a session after an outage of the relay: silence and idle time count from the end of the outage. */
import { slotReaderMs } from '../protocol/limits.ts';
import { isInFlight } from '../protocol/command-states.ts';
import type { Listener } from './listener.ts';
import { openCommands } from './open-commands.ts';
import type { Session, SlotReader } from './session.ts';

/** A disconnected listener stays so, unless its socket was cut during a command: then its grace period starts again. */
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
 * Drops a claim from before the outage: its reader was cut off, and the next one need not wait until the claim expires.
 * Also drops a claim from far in the future. A claim from the near future stays: the clock of another relay is some
 * milliseconds ahead of this one's, and its reader is connected.
 */
function reopenReader(reader: SlotReader | null, upSince: number, now: number): SlotReader | null {
  if (reader === null) return null;
  const claimedAt = reader.until - slotReaderMs;
  return claimedAt < upSince || claimedAt > now + slotReaderMs ? null : reader;
}

/**
 * Moves the last heartbeat and the last request to `upSince` if they are older: those since the last loud change were
 * only in memory, and between then and `upSince` no request could arrive. Times in the future, left by a clock that was
 * ahead, count as `now`. The same object when there is nothing to do.
 */
export function reopenSession(session: Session, upSince: number, now: number): Session {
  const listener = reopenListener(session, upSince, now);
  const touchedAt = Math.min(Math.max(session.touchedAt, upSince), now);
  const slotReader = reopenReader(session.slotReader, upSince, now);
  const isSame =
    listener === session.listener && touchedAt === session.touchedAt && slotReader === session.slotReader;
  return isSame ? session : { ...session, listener, touchedAt, slotReader };
}
