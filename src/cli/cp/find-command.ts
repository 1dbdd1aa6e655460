/** The command of an earlier attempt at the same transfer, whose client went away. */
import { withPatience } from '../../client/patience.ts';
import type { RelayClient } from '../../client/relay-client.ts';
import { isEnded } from '../../protocol/command-states.ts';
import type { CommandView } from '../../protocol/command-view.ts';
import { readTransferLine } from './script-parts.ts';

/** After this, what an ended command sent is no longer taken for the content of its file. */
const freshMs = 15 * 60_000;

export interface FoundCommand {
  view: CommandView;
  /** Where its stream began. */
  from: number;
}

function isUseful({ state, ended_at: endedAt }: CommandView, endedToo: boolean): boolean {
  if (!isEnded(state)) return true;
  return endedToo && state === 'finished' && Math.abs(Date.now() - (endedAt ?? 0)) < freshMs;
}

/** The newest one that still runs or waits; with `endedToo` also one that ended lately, whose output the relay still has. */
export async function findCommand(
  client: RelayClient,
  id: string,
  endedToo: boolean,
): Promise<FoundCommand | undefined> {
  const commands = await withPatience(() => client.listCommands(), {});
  const found = commands
    .map((view) => ({ view, line: readTransferLine(view.text) }))
    .filter(({ view, line }) => line?.id === id && isUseful(view, endedToo))
    .toSorted((a, b) => b.view.pushed_at - a.view.pushed_at)[0];
  return found?.line && { view: found.view, from: found.line.from };
}
