/** Lists the commands of a session that the relay still stores, oldest first. */
import { type CommandView, parseCommandList } from '../protocol/command-view.ts';
import type { RelayClient } from './relay-client.ts';

/** Throws `not_a_relay` if a command is in a state that this version does not know. */
export async function listCommands(client: RelayClient): Promise<CommandView[]> {
  return client.parse(await client.send('commands'), parseCommandList);
}
