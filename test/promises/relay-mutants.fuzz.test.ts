import { AssertionError } from 'node:assert';
import { expect, test } from 'vitest';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { buildMutant } from './build-mutant.ts';
import { checkWirePromises } from './check-wire-promises.ts';
import { relayMutants } from './relay-mutants.ts';

/**
 * A fixed seed, so that a mutant is caught in every run or in none. The timing of kills and of simultaneous updates
 * still differs, so there are many runs.
 */
const parameters = { seed: 20_261, numRuns: 2_000, endOnFailure: true };

const every = Object.entries(relayMutants).flatMap(([file, some]) =>
  some.map((mutant) => [file, mutant.name, mutant] as const),
);

test.each(every)(
  '%s with the defect: %s: the check of the promises fails',
  { timeout: 300_000 },
  async (file, _name, mutant) => {
    const relay = await startLastingRelay([], await buildMutant(file, mutant));
    const broken = await checkWirePromises(relay, parameters).catch((error: unknown) => error);
    // A mutant that only crashes proves nothing.
    expect(broken instanceof Error ? broken.cause : broken).toBeInstanceOf(AssertionError);
  },
);
