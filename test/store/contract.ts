/** What every store promises, see src/store/store.ts: each is opened afresh for each test. */
import type { Store } from '../../src/store/store.ts';
import { describeOutput } from './contract-output.ts';
import { describeSessions } from './contract-sessions.ts';
import { describeWatchers } from './contract-watchers.ts';
import { openWith } from './store-kit.ts';

export function describeStore(openFresh: () => Promise<Store>): void {
  const open = openWith(openFresh);
  describeSessions(open);
  describeOutput(open);
  describeWatchers(open);
}
