/**
 * The kinds of tests, by what they need. The name of a file says its kind: `NAME.KIND.test.ts`, and `NAME.test.ts` is a system test. So each
 * file is of one kind. `vitest run --project KIND` runs one kind.
 */

export interface Kind {
  /** What its tests need, and why it is a kind of its own. */
  needs: string;
  /** How many files run at once, where it is not three. */
  workers?: number;
}

export const kinds = {
  unit: { needs: 'nothing: no process, no network' },
  system: { needs: 'the built program, bash, curl; some also Redis, tmux, zsh or fish' },
  slow: { needs: 'the same, and time: many cases, or waits on the timers of the product', workers: 4 },
  faults: { needs: 'the same, and time: networks, disks, processes and relays that fail', workers: 4 },
  fuzz: { needs: 'time: generated input, and relays that are broken on purpose', workers: 4 },
  kill: { needs: 'time: a relay that is killed under load', workers: 4 },
  page: { needs: 'chromium' },
  proxies: { needs: 'nginx, Caddy, HAProxy, with the files of deploy/', workers: 2 },
  redis: { needs: 'redis-server; relays that share it, and lose it', workers: 1 },
  alone: { needs: 'the machine for itself: thousands of sessions, clients or connections', workers: 1 },
  package: { needs: 'the registry: installs the package on every version of Node', workers: 1 },
  bench: { needs: 'the machine for itself: the short form of the benchmark', workers: 1 },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;

/** For a pattern of paths: the files of a kind. */
export function patternOf(kind: KindName): string {
  return kind === 'system' ? 'test/**/+([^.]).test.ts' : `test/**/*.${kind}.test.ts`;
}

/** The kind that the name of a file says; undefined for an unknown one. */
export function kindOf(path: string): KindName | undefined {
  const word = /\/[^/.]+(?:\.([a-z]+))?\.test\.ts$/.exec(path)?.[1] ?? 'system';
  return word in kinds ? (word as KindName) : undefined;
}

/**
 * The acceptance suite: tests of other kinds that also run with one relay on Redis, and with two relays on it behind a proxy. Not in it
 * are tests of one process: its start, its addresses, its count of held polls, its own store, its pauses.
 */
export const acceptance: readonly string[] = [
  'test/cli/{exec,exec-interrupt,exec-options,exec-waiting,exec-words}',
  'test/cli/{cancel,several-sessions,session-commands,stdin,status,early-interrupt,history,legacy-listener,wait,waits,waits-supervised}',
  'test/cp/{files,folders}',
  'test/mcp/{exec,files,joining,missing-output,output,sessions,supervised,hostile}',
  'test/page/{consent,hostile,trouble,whole-way}',
  'test/relay/part1-{commands,encoding,exec-line,expiry,headers,hostile-requests,latency,limits,marker,rate-limit,replaced-listener,results,routes,runner,session,status,waiting}',
  'test/relay/{late-idempotency-keys,listener-absence,listener-retry-absence,piece-sizes,slot-missing-output}',
].map((path) => `${path}{,.*}.test.ts`);
