import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { acceptance, type Kind, type KindName, kinds, patternOf } from './test/projects.ts';

const shared = {
  testTimeout: 30_000,
  hookTimeout: 60_000,
  pool: 'forks',
  // One process runs several files: a process for each file costs half a second of processor time.
  isolate: false,
} as const;

const projects = Object.keys(kinds).map((name): TestProjectConfiguration => {
  const { workers = 3 }: Kind = kinds[name as KindName];
  // Kinds with another number of workers run one after the other.
  const sequence = { groupOrder: workers };
  return { test: { ...shared, name, include: [patternOf(name as KindName)], maxWorkers: workers, sequence } };
});

const onRedis = (name: string, relays: number): TestProjectConfiguration => {
  const env = { REMOTIFY_TEST_STORE: 'redis', REMOTIFY_TEST_RELAYS: String(relays) };
  return {
    test: { ...shared, name, include: [...acceptance], env, maxWorkers: 5, sequence: { groupOrder: 5 } },
  };
};

export default defineConfig({
  test: {
    projects: [...projects, onRedis('acceptance-redis', 1), onRedis('acceptance-two-relays', 2)],
  },
});
