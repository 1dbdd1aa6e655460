/** Ways to break a relay where it shares its store with others; each with the check that must notice it. */
import type { Mutant } from '../session/mutant.ts';
import { checkLostAnswers, checkNewestDecides, checkWakeAfterReconnect } from './fleet-promises.ts';

export type SharedMutant = Mutant & { file: string; check: (binary: string) => Promise<void> };

export const sharedMutants: readonly SharedMutant[] = [
  {
    name: 'a refusal drawn from a session in memory is believed',
    file: 'store/redis-updates.ts',
    from: 'if (isNewest) return this.#keepAsIs(entry, attempt);',
    to: 'return this.#keepAsIs(entry, attempt);',
    check: checkNewestDecides,
  },
  {
    name: 'an operation whose answer was lost is not looked for among those that were applied',
    file: 'store/redis-scripts.ts',
    from: "then return {'done', v} end",
    to: "then return {'conflict', v} end",
    check: checkLostAnswers,
  },
  {
    name: 'sessions are not looked at again once the connection for wakes is back',
    file: 'store/redis-wakes.ts',
    from: 'const names = this.#watchers.names();',
    to: 'const names: string[] = [];',
    check: checkWakeAfterReconnect,
  },
];
