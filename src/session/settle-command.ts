/** Ending commands: wherever one ends, whoever reads the result slot learns it. */
import type { Command } from './command.ts';
import { replaceCommand, type Session, trimHistory } from './session.ts';

/** Puts an ended command back in its place; one that came in through the slot fills the result slot. */
export function settleCommand(session: Session, command: Command): Session {
  const settled = replaceCommand(session, command);
  return trimHistory(
    command.origin === 'slot' ? { ...settled, slotResult: command.id, slotReader: null } : settled,
    command.endedAt ?? 0,
  );
}
