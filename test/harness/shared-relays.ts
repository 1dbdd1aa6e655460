/**
 * Relays that `startRelay` starts if the environment of the test run sets it. REMOTIFY_TEST_STORE=redis: a relay on a redis-server of
 * its own. With REMOTIFY_TEST_RELAYS=2: two relays on it, behind a proxy that sends each request to one of them.
 */
import { startRedis } from './redis.ts';
import type { Relay, RelayOptions } from './relay-process.ts';
import { type Splitter, startSplitter } from './splitter.ts';

const isAsked = process.env['REMOTIFY_TEST_STORE'] === 'redis';
const relaysAsked = Number(process.env['REMOTIFY_TEST_RELAYS'] ?? 1);

/** Whether requests pass a proxy before they reach a relay. */
export const isBehindProxy = isAsked && relaysAsked > 1;

/** False if the test names a store or a port, because it then tests just that. */
export function isShareable({ store, port }: RelayOptions): boolean {
  return isAsked && store === undefined && port === undefined;
}

/** The splitter does not support TLS. */
function canSplit({ flags = [] }: RelayOptions): boolean {
  return relaysAsked > 1 && !flags.includes('--tls-cert');
}

/** The flag for the URL of the splitter, unless the test sets a public URL itself. */
function publicUrl({ flags = [], env = {} }: RelayOptions, splitter: Splitter): string[] {
  const isGiven =
    flags.includes('--public-url') || ['DOMAIN', 'SCHEME', 'PUBLIC_PORT'].some((name) => name in env);
  return isGiven ? [] : ['--public-url', splitter.url];
}

export async function startSharedRelays(
  options: RelayOptions,
  startOne: (options: RelayOptions) => Promise<Relay>,
): Promise<Relay> {
  const redis = await startRedis();
  const started: { stop: () => Promise<void> }[] = [redis];
  /** Stops the relays before the proxy and Redis; throws the first error once all are stopped. */
  const stop = async (): Promise<void> => {
    const faults: unknown[] = [];
    for (const one of started.splice(0).toReversed())
      await one.stop().catch((error) => void faults.push(error));
    if (faults.length > 0) throw faults[0];
  };
  try {
    if (!canSplit(options)) {
      const relay = await startOne({ ...options, store: redis.url });
      started.push(relay);
      return { ...relay, stop };
    }
    const splitter = await startSplitter();
    started.push(splitter);
    const flags = [...(options.flags ?? []), ...publicUrl(options, splitter)];
    const relays = await Promise.all(
      Array.from({ length: relaysAsked }, async () => {
        const relay = await startOne({ ...options, flags, store: redis.url });
        started.push(relay);
        return relay;
      }),
    );
    splitter.aim(relays);
    return asOne(relays, splitter, stop);
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/** Merges the lines of several logs by their times; a line without a time stays after the line before it. */
function mergeByTime(logs: readonly string[]): string {
  const lines = logs.flatMap((log) => {
    let time = '';
    return log.split(/(?<=\n)/).map((text) => {
      time = /\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(text)?.[0] ?? time;
      return { time, text };
    });
  });
  return lines
    .toSorted((a, b) => (a.time === b.time ? 0 : a.time < b.time ? -1 : 1))
    .map(({ text }) => text)
    .join('');
}

/** Combines the relays into one: `pid` and `metrics` are those of the first, signals go to all. */
function asOne(relays: readonly Relay[], { url, port }: Splitter, stop: () => Promise<void>): Relay {
  const [first] = relays;
  if (!first) throw new Error('no relay was started');
  return {
    ...first,
    url,
    port,
    stdout: () => relays.map((relay) => relay.stdout()).join(''),
    stderr: () => mergeByTime(relays.map((relay) => relay.stderr())),
    kill: async (signal) => {
      const exits = await Promise.all(relays.map((relay) => relay.kill(signal)));
      return exits.find(({ code }) => code !== 0) ?? (exits[0] as (typeof exits)[0]);
    },
    stop,
  };
}
