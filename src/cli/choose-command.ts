/** Finds the command that an id on the command line names, or the default one. */
import type { CommandView } from '../protocol/command-view.ts';
import { commandIdPattern } from '../protocol/paths.ts';
import type { OpenSession } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { Failure } from './failure.ts';
import { quote } from '../text/quote.ts';

/** A legacy relay has no commands with ids. */
export function requireCommands({ dialect, url }: OpenSession): void {
  if (dialect === 'commands') return;
  throw new Failure(
    `${url} is a legacy relay: its commands have no ids`,
    'use a remotify relay: `remotify serve`',
    exitCodes.trouble,
    'not_supported',
  );
}

/** The command with this id, or `newest` without an id. Throws a Failure when there is none. */
export function chooseCommand(
  commands: readonly CommandView[],
  id: string | undefined,
  newest: CommandView | undefined,
): CommandView {
  if (id !== undefined && !commandIdPattern.test(id)) {
    throw new Failure(
      `not a command id: ${quote(id)}`,
      'ids look like c1; run `remotify history` to list them',
      exitCodes.usage,
    );
  }
  const found = id === undefined ? newest : commands.find((command) => command.id === id);
  if (found) return found;
  throw id === undefined
    ? new Failure(
        'this session has no commands yet',
        "push one: remotify exec 'uname -a'",
        exitCodes.trouble,
        'no_such_command',
      )
    : new Failure(
        `no such command: ${id}`,
        'run `remotify history` to list commands',
        exitCodes.trouble,
        'no_such_command',
      );
}
