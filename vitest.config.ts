import { defineConfig } from 'vitest/config';
import { leftOutFiles, leftOutTests, patternWithout, sharedSuite } from './test/shared/shared-suite.ts';

// `npm run test:shared`: the acceptance suite with relays that share a Redis.
const isShared = process.env['REMOTIFY_TEST_STORE'] === 'redis';
const isSplit = Number(process.env['REMOTIFY_TEST_RELAYS'] ?? 1) > 1;

export default defineConfig({
  test: {
    include: isShared ? [...sharedSuite] : ['test/**/*.test.ts'],
    // Tests with faults, process trees, real proxies and mutated relays take minutes: only `npm run test:long` runs them.
    exclude: [
      ...(isShared ? Object.keys(leftOutFiles) : []),
      ...(process.env['REMOTIFY_TEST_LONG'] === '1'
        ? []
        : [
            'test/bench/**',
            'test/faults/**',
            'test/stopping/**',
            'test/shared/**',
            'test/cli/terminate.test.ts',
            'test/cp/{changing-source,few-tools,folders,hostile-remote,names,quotas,targets,terminal,trouble}.test.ts',
            'test/examples/**',
            'test/page/{access,announce,creating,input,input-file,keyboard,layout,lifecycle,media,notifications,other-clients,output,output-long,paste-lines,real-proxies,several-tabs,text-style,url-key}.test.ts',
            'test/pairs/**',
            'test/deploy/behind-*.test.ts',
            'test/promises/relay-mutants.test.ts',
            'test/relay/real-proxies.test.ts',
            'test/store/redis-faults.test.ts',
          ]),
    ],
    ...(isShared && isSplit && { testNamePattern: patternWithout(Object.keys(leftOutTests)) }),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 3,
  },
});
