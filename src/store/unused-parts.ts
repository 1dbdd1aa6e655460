/** Lists the parts (script, input, output) that a session no longer has after an update, so that the store can remove them. */
import type { Command } from '../session/command.ts';
import { compareCommands } from '../session/compare-commands.ts';
import type { Session } from '../session/session.ts';

export interface UnusedParts {
  /** The command before the update. */
  readonly command: Command;
  /** True: the session no longer lists the command, so its script is unused too. False: only its input and output were evicted. */
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
