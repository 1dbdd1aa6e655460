/** Reads the script of a command from the store, to send it to a listener. */
import { discardDamaged } from '../session/cancel-command.ts';
import type { Command } from '../session/command.ts';
import { openSlice, type Pieces, ShortPart } from './read-pieces.ts';
import type { Sessions } from './sessions.ts';

/** Undefined if the script is damaged: then the command is cancelled. */
export async function openScript(
  sessions: Sessions,
  name: string,
  { id, scriptBytes: bytes }: Command,
): Promise<Pieces | undefined> {
  try {
    return await openSlice(sessions.store, name, id, { part: 'script', offset: 0, bytes });
  } catch (error) {
    if (!(error instanceof ShortPart)) throw error;
    await sessions.update(name, (session, now) => discardDamaged(session, id, now), null);
    return undefined;
  }
}
