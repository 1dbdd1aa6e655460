/** The text of a command on its way to a listener. */
import { discardDamaged } from '../session/cancel-command.ts';
import type { Command } from '../session/command.ts';
import { openSlice, type Pieces, ShortPart } from './read-pieces.ts';
import type { Sessions } from './sessions.ts';

/** Undefined where the text is damaged: then the command is discarded. */
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
