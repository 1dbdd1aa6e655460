/**
 * The seed of generated tests. Fixed by default, so that the same code gets the same result. `REMOTIFY_TEST_SEED=random` chooses a new
 * one; set the variable to the seed that a failure prints to replay it.
 */
const given = process.env.REMOTIFY_TEST_SEED ?? '20261';

/** A whole number from 0 to 2³¹ - 1. */
export const seed = given === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(given);

if (!Number.isSafeInteger(seed)) throw new Error('REMOTIFY_TEST_SEED must be a whole number or "random"');
