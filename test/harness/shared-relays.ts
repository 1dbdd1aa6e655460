/**
 * What `startRelay` starts when the environment of the test run asks for it: REMOTIFY_TEST_STORE=redis is a relay on a redis-server of
 * its own, and with REMOTIFY_TEST_RELAYS=2 two relays on that, behind a proxy that sends each request to either one.
 */
import { startRedis } from './redis.ts';
import type { Relay, RelayOptions } from './relay-process.ts';
import { type Splitter, startSplitter } from './splitter.ts';

const isAsked = process.env['REMOTIFY_TEST_STORE'] === 'redis';
const relaysAsked = Number(process.env['REMOTIFY_TEST_RELAYS'] ?? 1);

/** A test that names a store or a port is about just that. */
export function isShareable({ store, port }: RelayOptions): boolean {
  return isAsked && store === undefined && port === undefined;
}

/** The splitter speaks no TLS. */
function canSplit({ flags = [] }: RelayOptions): boolean {
  return relaysAsked > 1 && !flags.includes('--tls-cert');
}

/** Unless the test says which address is handed out. */
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
  /** The relays before what they stand on; the first fault is told once everything is stopped. */
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

/** `pid` and `metrics` are those of the first; what is sent to one is sent to all. */
function asOne(relays: readonly Relay[], { url, port }: Splitter, stop: () => Promise<void>): Relay {
  const [first] = relays;
  if (!first) throw new Error('no relay was asked for');
  return {
    ...first,
    url,
    port,
    stdout: () => relays.map((relay) => relay.stdout()).join(''),
    stderr: () => relays.map((relay) => relay.stderr()).join(''),
    kill: async (signal) => {
      const exits = await Promise.all(relays.map((relay) => relay.kill(signal)));
      return exits.find(({ code }) => code !== 0) ?? (exits[0] as (typeof exits)[0]);
    },
    stop,
  };
}
