import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Faults, process trees and relays that are broken on purpose take minutes: `npm run test:long` runs them too.
    exclude:
      process.env['REMOTIFY_TEST_LONG'] === '1'
        ? []
        : ['test/faults/**', 'test/stopping/**', 'test/promises/relay-mutants.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 3,
  },
});
