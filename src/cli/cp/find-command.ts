/** Commands of earlier attempts at the same transfer, whose clients went away. */
import { withPatience } from '../../client/patience.ts';
import type { RelayClient } from '../../client/relay-client.ts';
import { isEnded } from '../../protocol/command-states.ts';
import type { CommandView } from '../../protocol/command-view.ts';
import { groupLength, readTransferLine } from './script-parts.ts';

export interface FoundCommand {
  view: CommandView;
  /** Where its stream began. */
  from: number;
}

/**
 * The newest one that still runs or waits. One that copies the same files to the same place, but as they were before they changed, is
 * stopped: it would wait for the rest of them.
 */
export async function findCommand(client: RelayClient, id: string): Promise<FoundCommand | undefined> {
  const commands = await withPatience(() => client.listCommands(), {});
  let found: FoundCommand | undefined;
  for (const view of commands) {
    const line = readTransferLine(view.text);
    if (!line || isEnded(view.state) || line.id.slice(0, groupLength) !== id.slice(0, groupLength)) continue;
    if (line.id !== id) await withPatience(() => client.cancelCommand(view.id, 'TERM'), {});
    else if (!found || view.pushed_at > found.view.pushed_at) found = { view, from: line.from };
  }
  return found;
}
