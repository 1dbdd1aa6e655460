/** `npm run test:long`: the forms of tests that take minutes. */
export const isLong = process.env.REMOTIFY_TEST_LONG === '1';
