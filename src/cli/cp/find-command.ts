/** Finds a command that an earlier attempt at the same transfer left, and cancels the others. */
import { listCommands } from '../../client/list-commands.ts';
import { withRetry } from '../../client/retry.ts';
import type { RelayClient } from '../../client/relay-client.ts';
import { isEnded } from '../../protocol/command-states.ts';
import type { CommandView } from '../../protocol/command-view.ts';
import { groupLength, readTransferLine } from './script-parts.ts';

export interface FoundCommand {
  view: CommandView;
  /** The offset at which its stream begins. */
  from: number;
}

/**
 * Returns the newest command that has not started, or with `running` also one that runs. Cancels the others of the same transfer: they wait
 * for a client that is gone, or read files as they were before they changed.
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
