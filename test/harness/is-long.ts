/** Whether `npm run test:long` runs: tests then run in the full form, which takes minutes. */
export const isLong = process.env.REMOTIFY_TEST_LONG === '1';
