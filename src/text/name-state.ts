/** Names the state of a command in a sentence. Tables and JSON use the relay's own names. */
import type { CommandState } from '../protocol/command-states.ts';

/** If a state is missing here, this does not compile. */
const names: Readonly<Record<CommandState, string>> = {
  queued: 'queued',
  awaiting_approval: 'awaiting approval',
  running: 'running',
  finished: 'finished',
  timed_out: 'timed out',
  lost: 'lost',
  cancelled: 'cancelled',
  expired: 'expired',
  declined: 'declined',
};

export function nameState(state: CommandState): string {
  return names[state];
}
