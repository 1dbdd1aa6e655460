/**
 * Where the generated tests get their luck from. The same by default, so that a verdict on the same code is the same
 * verdict; `REMOTIFY_TEST_SEED=random` looks further, and what a failure prints is replayed with it as well.
 */
const given = process.env.REMOTIFY_TEST_SEED ?? '20261';

/** A whole number, 0 up to 2³¹. */
export const seed = given === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(given);

if (!Number.isSafeInteger(seed)) throw new Error('REMOTIFY_TEST_SEED is a whole number, or "random"');
