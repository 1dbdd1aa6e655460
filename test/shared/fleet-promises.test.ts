import { AssertionError } from 'node:assert';
import { describe, expect, test } from 'vitest';
import { binaryPath } from '../harness/binary.ts';
import { hasRedis, withoutRedis } from '../harness/redis.ts';
import { buildMutant } from '../promises/build-mutant.ts';
import { checkLostAnswers, checkNewestDecides, checkWakeAfterReconnect } from './fleet-promises.ts';
import { sharedMutants } from './shared-mutants.ts';

const checks = {
  'what one relay knows of a session that the other one changed is not believed': checkNewestDecides,
  'a push whose answer from Redis is lost is one command': checkLostAnswers,
  'a listener is woken by what came while Redis was out of reach': checkWakeAfterReconnect,
};

describe.skipIf(!hasRedis)(`relays on one Redis${withoutRedis}`, { timeout: 200_000 }, () => {
  test.each(Object.entries(checks))('%s', (_title, check) => check(binaryPath));

  test.each(sharedMutants.map((mutant) => [mutant.name, mutant] as const))(
    'a relay is found out that %s',
    async (_name, { file, check, ...mutant }) => {
      const broken = await check(await buildMutant(file, mutant)).catch((error: unknown) => error);
      // One that merely crashes has proved nothing.
      expect(broken).toBeInstanceOf(AssertionError);
    },
  );
});
