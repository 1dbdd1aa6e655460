/** Which acceptance tests also run with relays that share a Redis, and which cannot: `npm run test:shared`. */

export const sharedSuite: readonly string[] = [
  'test/cli/exec*.test.ts',
  'test/cli/{cancel,several-sessions,session-commands,stdin,status,early-interrupt,history,legacy-listener,terminate,wait,waits,waits-supervised}.test.ts',
  'test/cp/{files,folders}.test.ts',
  'test/mcp/{exec,files,joining,missing-output,output,sessions,supervised,hostile}.test.ts',
  'test/page/{consent,hostile,trouble,whole-way}.test.ts',
  'test/relay/part1-*.test.ts',
  'test/relay/{late-idempotency-keys,listener-absence,listener-retry-absence,piece-sizes,slot-missing-output}.test.ts',
];

/** Files that test state of a single relay process, or something that a proxy before the relays hides. */
export const leftOutFiles: Readonly<Record<string, string>> = {
  'test/cli/exec-restart.test.ts': 'chooses its own store: the run would be the same',
  'test/relay/part1-restart.test.ts': 'chooses its own store: the run would be the same',
  'test/relay/part1-hosts.test.ts':
    'tests addresses that the relay takes from the Host header, without a public URL',
  'test/relay/part1-environment.test.ts': 'tests one process and its environment',
  'test/relay/part1-abandoned-polls.test.ts': 'counts the held polls of one process',
};

/** Single tests, by a part of their titles. Left out only when requests go through the proxy before two relays. */
export const leftOutTests: Readonly<Record<string, string>> = {
  'body over the limit: 413, nothing is stored: 4 MiB': 'the proxy answers 100 Continue by itself',
  'chunked upload refused halfway': 'the proxy answers 100 Continue by itself',
};

/** For `testNamePattern`: matches all titles that contain none of these words. */
export function patternWithout(words: readonly string[]): RegExp {
  const escaped = words.map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^(?!.*(?:${escaped.join('|')}))`);
}
