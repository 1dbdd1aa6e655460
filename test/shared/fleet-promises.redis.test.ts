import { AssertionError } from 'node:assert';
import { describe, expect, test } from 'vitest';
import { binaryPath } from '../harness/binary.ts';
import { hasRedis, withoutRedis } from '../harness/redis.ts';
import { buildMutant } from '../promises/build-mutant.ts';
import { checkLostAnswers, checkNewestDecides, checkWakeAfterReconnect } from './fleet-promises.ts';
import { sharedMutants } from './shared-mutants.ts';

const checks = {
  'a relay with an outdated session in memory: it decides on the newest session': checkNewestDecides,
  'a push whose answer from Redis is lost: one command': checkLostAnswers,
  'a push while the relay is cut off from Redis: the listener wakes afterwards': checkWakeAfterReconnect,
};

describe.skipIf(!hasRedis)(`relays on one Redis${withoutRedis}`, { timeout: 200_000 }, () => {
  test.each(Object.entries(checks))('%s', (_title, check) => check(binaryPath));

  test.each(sharedMutants.map((mutant) => [mutant.name, mutant] as const))(
    'the check fails for a relay with this defect: %s',
    async (_name, { file, check, ...mutant }) => {
      const broken = await check(await buildMutant(file, mutant)).catch((error: unknown) => error);
      // A mutant that only crashes proves nothing.
      expect(broken).toBeInstanceOf(AssertionError);
    },
  );
});
