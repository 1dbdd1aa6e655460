/** Which command is meant. */
import type { CommandView } from '../protocol/command-view.ts';
import { quote } from '../config/parse-values.ts';
import { commandIdPattern } from '../protocol/routes.ts';
import type { OpenSession } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { Failure } from './failure.ts';

/** Relays of the original kind have no commands with ids. */
export function requireCommands({ dialect, url }: OpenSession): void {
  if (dialect === 'commands') return;
  throw new Failure(
    `${url} is a relay of the original kind: its commands have no ids`,
    'use a relay of ours: `remotify serve`',
  );
}

/** The one with this id, or the given default. Throws a Failure when there is none. */
export function chooseCommand(
  commands: readonly CommandView[],
  id: string | undefined,
  newest: CommandView | undefined,
): CommandView {
  if (id !== undefined && !commandIdPattern.test(id)) {
    throw new Failure(
      `not a command id: ${quote(id)}`,
      'ids look like c1; see `remotify status`',
      exitCodes.usage,
    );
  }
  const found = id === undefined ? newest : commands.find((command) => command.id === id);
  if (found) return found;
  throw id === undefined
    ? new Failure('this session has no commands yet', "push one: remotify exec 'uname -a'")
    : new Failure(`no such command: ${id}`, 'see `remotify status` for those that the relay remembers');
}
