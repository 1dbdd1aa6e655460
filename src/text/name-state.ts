/** The state of a command as a word of a sentence. In tables and in JSON it is as the relay writes it. */
import type { CommandState } from '../protocol/command-states.ts';

/** A state that is missing here does not compile. */
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
