/** Finds the commands that differ between two states of one session. */
import type { Command } from './command.ts';

export interface CommandDifference {
  /** Undefined for a new command. */
  readonly before: Command | undefined;
  /** Undefined for a command that is no longer listed. */
  readonly after: Command | undefined;
}

function numberOf({ id }: Command): number {
  return Number(id.slice(1));
}

/** In order of arrival, like both lists. Visits each command once. */
export function compareCommands(
  before: readonly Command[],
  after: readonly Command[],
): readonly CommandDifference[] {
  const differences: CommandDifference[] = [];
  let at = 0;
  for (const command of after) {
    let was = before[at];
    // Most are the same object, so their fields need no comparison.
    if (was === command) {
      at += 1;
      continue;
    }
    while (was && was !== command && numberOf(was) < numberOf(command)) {
      differences.push({ before: was, after: undefined });
      at += 1;
      was = before[at];
    }
    const isSame = was?.id === command.id;
    if (isSame) at += 1;
    if (was !== command) differences.push({ before: isSame ? was : undefined, after: command });
  }
  for (const was of before.slice(at)) differences.push({ before: was, after: undefined });
  return differences;
}
