/** Which tests of the acceptance suite also run with relays that share a Redis, and which of them cannot: `npm run test:shared`. */

export const sharedSuite: readonly string[] = [
  'test/cli/exec*.test.ts',
  'test/cli/{cancel,several-sessions,session-commands,stdin,status,early-interrupt,history,legacy-listener,terminate,wait,waits,waits-supervised}.test.ts',
  'test/cp/{files,folders}.test.ts',
  'test/mcp/{exec,files,joining,missing-output,output,sessions,supervised,hostile}.test.ts',
  'test/page/{consent,hostile,trouble,whole-way}.test.ts',
  'test/relay/part1-*.test.ts',
  'test/relay/{late-idempotency-keys,listener-absence,listener-retry-absence,piece-sizes,slot-missing-output}.test.ts',
];

/** Files that are about something that several relays do not have in common, or that a proxy before them hides. */
export const leftOutFiles: Readonly<Record<string, string>> = {
  'test/cli/exec-restart.test.ts': 'names its store: it would be the same run again',
  'test/relay/part1-restart.test.ts': 'names its store: it would be the same run again',
  'test/relay/part1-hosts.test.ts':
    'is about the Host of the request, where nothing says which address is handed out',
  'test/relay/part1-environment.test.ts': 'is about one process and its environment',
  'test/relay/part1-abandoned-polls.test.ts': 'counts the held polls of one process',
};

/** Single tests, by words of their titles. Only where requests go through the proxy before two relays. */
export const leftOutTests: Readonly<Record<string, string>> = {
  'over the limit is 413 and stores nothing: 4 MiB': 'the proxy answers 100 Continue by itself',
  'a sender that was refused in the middle of its chunks': 'the proxy answers 100 Continue by itself',
};

/** For `testNamePattern`: all titles without these words. */
export function patternWithout(words: readonly string[]): RegExp {
  const escaped = words.map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^(?!.*(?:${escaped.join('|')}))`);
}
