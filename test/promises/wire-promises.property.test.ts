import { test } from 'vitest';
import { isLong } from '../harness/is-long.ts';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { seed } from '../harness/seed.ts';
import { checkWirePromises } from './check-wire-promises.ts';

test('over HTTP, no interleaving of events, accidents and restarts breaks a promise', {
  timeout: isLong ? 600_000 : 180_000,
}, async () => {
  await checkWirePromises(await startLastingRelay(), { seed, numRuns: isLong ? 400 : 40 });
});
