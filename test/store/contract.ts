/** The contract of every store, see src/store/store.ts. Each test opens its own store. */
import { describeAccounts } from './contract-accounts.ts';
import { describeBuckets } from './contract-buckets.ts';
import { describeDue } from './contract-due.ts';
import { describeOutput } from './contract-output.ts';
import { describePieces } from './contract-pieces.ts';
import { describeRemoval } from './contract-removal.ts';
import { describeSessions } from './contract-sessions.ts';
import { describeWatchers } from './contract-watchers.ts';
import { type OpenFresh, openWith } from './store-kit.ts';

/** `isLocal`: only this process uses the store, and reads come from its memory. */
export function describeStore(openFresh: OpenFresh, { isLocal = true } = {}): void {
  const open = openWith(openFresh);
  describeSessions(open, isLocal);
  describeRemoval(open);
  describeOutput(open);
  describePieces(open);
  describeWatchers(open);
  describeAccounts(open);
  describeDue(open);
  describeBuckets(open);
}
