/** Whether tests run in their full form, which takes minutes: all commands of package.json but `npm test` set this variable. */
export const isLong = process.env.REMOTIFY_TEST_LONG === '1';
