import { test } from 'vitest';
import { binaryPath } from '../harness/binary.ts';
import { isLong } from '../harness/is-long.ts';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { seed } from '../harness/seed.ts';
import { buildForSlowDisk } from './build-mutant.ts';
import { checkWirePromises } from './check-wire-promises.ts';

const disks = { quick: () => binaryPath, slow: buildForSlowDisk };

test.each(Object.entries(disks))(
  'over HTTP, with a %s disk: no interleaving of events, network failures and restarts breaks a promise',
  { timeout: isLong ? 600_000 : 180_000 },
  async (_disk, binary) => {
    const relay = await startLastingRelay([], await binary());
    await checkWirePromises(relay, { seed, numRuns: isLong ? 400 : 40 });
  },
);
