/** Saves the end of a command, and puts the result of a slot command into the result slot. */
import type { Command } from './command.ts';
import { replaceCommand, type Session, trimHistory } from './session.ts';

/** Replaces a command by its ended version; a slot command fills the result slot. */
export function settleCommand(session: Session, command: Command): Session {
  const settled = replaceCommand(session, command);
  return trimHistory(
    command.origin === 'slot' ? { ...settled, slotResult: command.id, slotReader: null } : settled,
    command.endedAt ?? 0,
  );
}
