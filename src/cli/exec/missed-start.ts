import type { Followed } from './follow-remote.ts';

/** It ended since a bound was over before it started: the relay's, or one of this client. */
export function missedStart({ state, missed }: Pick<Followed, 'state' | 'missed'>): boolean {
  return state === 'expired' || (state === 'cancelled' && missed !== undefined);
}
