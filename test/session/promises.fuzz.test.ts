import { test } from 'vitest';
import { seed } from '../harness/seed.ts';
import { checkPromises } from './check-promises.ts';
import { loadSessionModule } from './session-module.ts';

test('no interleaving of events breaks a promise', { timeout: 60_000 }, async () => {
  checkPromises(await loadSessionModule(), { seed, numRuns: 2_000 });
});
