/** Starts relays without limits, with each kind of store, and session drivers for them. */
import { makeCertificate, hasOpenssl } from '../../harness/certificate.ts';
import { hasRedis, type Redis, startRedis } from '../../harness/redis.ts';
import { type Relay, startRelay } from '../../harness/relay-process.ts';
import { makeTemporaryFolder } from '../../harness/temporary-folder.ts';
import { Agent, request } from 'undici';
import type { Ends } from './ends.ts';
import { type Keys, SessionDriver } from './session-driver.ts';

const limits = ['max-held-polls', 'max-held-polls-per-address', 'max-sessions-per-address'];
const noLimits = limits.flatMap((limit) => [`--${limit}`, '0']);

/** Long enough for a store with many sessions on a slow machine. */
const mostStartMs = 120_000;

export type BenchRelay = Relay & {
  /** The Redis that the relay uses. */
  redis?: Redis;
};

const ended = async (relay: Relay): Promise<void> => {
  // SIGKILL: data of a benchmark need not be flushed.
  await relay.kill('SIGKILL');
  await relay.stop();
};

/** `store`: a store URL; the default is a file store in a folder that is removed at the end. */
export async function startUnlimited(ends: Ends, store?: string, flags: string[] = []): Promise<Relay> {
  const relay = await startRelay({
    store: store ?? `file:${await makeFolder(ends)}/store`,
    flags: ['--rate-limit', 'off', ...noLimits, ...flags],
    startMs: mostStartMs,
  });
  ends.add(() => ended(relay));
  return relay;
}

export async function makeFolder(ends: Ends): Promise<string> {
  const folder = await makeTemporaryFolder();
  ends.add(folder.remove);
  return folder.path;
}

type StoreKind = 'memory' | 'file' | 'redis' | 'tls';
export const storeKinds = ['memory', 'file', 'redis', 'tls'] as const satisfies readonly StoreKind[];

/** Why this kind of store cannot run on this machine; undefined if it can. */
export function explainMissing(kind: StoreKind): string | undefined {
  if (kind === 'redis' && !hasRedis) return 'no redis-server';
  if (kind === 'tls' && !hasOpenssl) return 'no openssl';
  return undefined;
}

export async function startKind(ends: Ends, kind: StoreKind): Promise<BenchRelay> {
  if (kind === 'redis') {
    const redis = await startRedis({ appendOnly: true });
    ends.add(redis.stop);
    return { ...(await startUnlimited(ends, redis.url)), redis };
  }
  if (kind === 'tls') {
    const { certPath, keyPath } = await makeCertificate(await makeFolder(ends));
    return startUnlimited(ends, 'memory:', ['--tls-cert', certPath, '--tls-key', keyPath]);
  }
  return startUnlimited(ends, kind === 'memory' ? 'memory:' : undefined);
}

const trusting = new Agent({ connect: { rejectUnauthorized: false } });

export async function createSession({ url }: { url: string }): Promise<Keys> {
  const { statusCode, body } = await request(`${url}/api/session`, {
    method: 'POST',
    dispatcher: trusting,
  });
  if (statusCode !== 201) throw new Error(`cannot create a session: ${statusCode} ${await body.text()}`);
  return (await body.json()) as Keys;
}

export async function openDrivers(ends: Ends, relay: Relay, count: number): Promise<SessionDriver[]> {
  const drivers: SessionDriver[] = [];
  for (let nth = 0; nth < count; nth += 1)
    drivers.push(new SessionDriver(relay.url, await createSession(relay)));
  ends.add(async () => void (await Promise.all(drivers.map((driver) => driver.close()))));
  return drivers;
}
