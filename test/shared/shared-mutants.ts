/** Defects for relays that share a store, each with the check that must notice it. */
import type { Mutant } from '../session/mutant.ts';
import { checkLostAnswers, checkNewestDecides, checkWakeAfterReconnect } from './fleet-promises.ts';

export type SharedMutant = Mutant & { file: string; check: (binary: string) => Promise<void> };

export const sharedMutants: readonly SharedMutant[] = [
  {
    name: 'a refusal from an outdated session in memory counts',
    file: 'store/redis-updates.ts',
    from: 'if (isNewest) return this.#keepAsIs(entry, attempt);',
    to: 'return this.#keepAsIs(entry, attempt);',
    check: checkNewestDecides,
  },
  {
    name: 'a repeated operation whose first answer was lost is not recognised as applied',
    file: 'store/redis-scripts.ts',
    from: "then return {'done', v} end",
    to: "then return {'conflict', v} end",
    check: checkLostAnswers,
  },
  {
    name: 'watched sessions are not checked again after the connection for wakes is back',
    file: 'store/redis-wakes.ts',
    from: 'const names = this.#watchers.names();',
    to: 'const names: string[] = [];',
    check: checkWakeAfterReconnect,
  },
];
