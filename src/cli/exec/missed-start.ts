import type { Followed } from './follow-remote.ts';

/** Whether the command ended because a bound of the relay or of this client ran out before it started. */
export function missedStart({ state, missed }: Pick<Followed, 'state' | 'missed'>): boolean {
  return state === 'expired' || (state === 'cancelled' && missed !== undefined);
}
