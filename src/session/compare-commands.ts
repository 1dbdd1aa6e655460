/** Which commands differ between two states of one session. */
import type { Command } from './command.ts';

export interface CommandDifference {
  /** Undefined for one that is new. */
  readonly before: Command | undefined;
  /** Undefined for one that is no longer listed. */
  readonly after: Command | undefined;
}

function numberOf({ id }: Command): number {
  return Number(id.slice(1));
}

/** In order of arrival, as both lists are. Looks at each command once, and at most of them only to see that they are the same object. */
export function compareCommands(
  before: readonly Command[],
  after: readonly Command[],
): readonly CommandDifference[] {
  const differences: CommandDifference[] = [];
  let at = 0;
  for (const command of after) {
    let was = before[at];
    // Most are the same object, and need no look at what is in them.
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
