/** Ways to break a relay where it shares its store with others; each with the check that must notice it. */
import type { Mutant } from '../session/mutant.ts';

export type SharedMutant = Mutant & { file: string; check: (binary: string) => Promise<void> };

export const sharedMutants: readonly SharedMutant[] = [];
