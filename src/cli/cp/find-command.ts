/** Commands of earlier attempts at the same transfer, whose clients went away. */
import { listCommands } from '../../client/list-commands.ts';
import { withRetry } from '../../client/retry.ts';
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
 * The newest one that waits, or with `running` also one that runs. The others of the same transfer are stopped: they wait for a client
 * that is gone, or read files as they were before they changed.
 */
export async function findCommand(
  client: RelayClient,
  id: string,
  { running }: { running: boolean },
): Promise<FoundCommand | undefined> {
  const commands = await withRetry(() => listCommands(client), {});
  let found: FoundCommand | undefined;
  for (const view of commands) {
    const line = readTransferLine(view.text);
    if (!line || isEnded(view.state) || line.id.slice(0, groupLength) !== id.slice(0, groupLength)) continue;
    const isUseful = line.id === id && (running || view.state !== 'running');
    if (!isUseful) await withRetry(() => client.cancelCommand(view.id, 'TERM'), {});
    else if (!found || view.pushed_at > found.view.pushed_at) found = { view, from: line.from };
  }
  return found;
}
