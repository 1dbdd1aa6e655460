/** Which bytes a session no longer has after an update. */
import type { Command } from '../session/command.ts';
import { compareCommands } from '../session/compare-commands.ts';
import type { Session } from '../session/session.ts';

export interface UnusedParts {
  /** As it was before the update. */
  readonly command: Command;
  /** Its script is unused too: the session no longer lists it. Else only its input and output, which were evicted. */
  readonly isDropped: boolean;
}

export function listUnusedParts(before: Session, after: Session): readonly UnusedParts[] {
  if (before.commands === after.commands) return [];
  return compareCommands(before.commands, after.commands).flatMap(({ before: was, after: is }) => {
    if (!was) return [];
    const isDropped = is === undefined;
    return isDropped || (is.isEvicted && !was.isEvicted) ? [{ command: was, isDropped }] : [];
  });
}
