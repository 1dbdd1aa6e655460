/** Connections to what a URL names, made with ioredis. */
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { failureCode } from './redis-failure.ts';
import type { RedisPlace } from './redis-url.ts';

/** How long one answer may take. */
const answerMs = 1_500;

/** A connection is closed and opened again when an answer does not come for this long: its other end may have gone silently. */
const silenceMs = 1_400;

/** How long a connection may take. */
export const openMs = 5_000;

const retryDelay = (tries: number): number => Math.min(50 * tries, 500);

/** For every connection to a server; each kind of place adds its own. */
function chooseOptions({ isTls, username, password }: RedisPlace) {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(isTls && { tls: {} }),
    lazyConnect: true,
    // A call of ours is tried again by us, with the same arguments: the library must not keep it back and send it twice.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    connectTimeout: openMs,
    commandTimeout: answerMs,
    socketTimeout: silenceMs,
    keepAlive: 10_000,
    // After a failover the old master may answer at the same address.
    reconnectOnError: (error: Error) => failureCode(error) === 'READONLY',
  } satisfies RedisOptions;
}

function connectServer(place: RedisPlace, retryStrategy: (tries: number) => number | null): Redis {
  const { addresses, masterName = '', database: db } = place;
  const options = { ...chooseOptions(place), db, enableOfflineQueue: false, retryStrategy };
  if (place.kind !== 'sentinel') return new Redis({ ...options, ...addresses[0] });
  return new Redis({ ...options, sentinels: addresses.map((address) => ({ ...address })), name: masterName });
}

/** It connects when it is told to, and again by itself. */
export function connect(place: RedisPlace): Redis | Cluster {
  if (place.kind !== 'cluster') return connectServer(place, retryDelay);
  return new Cluster(
    place.addresses.map((address) => ({ ...address })),
    {
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: retryDelay,
      redisOptions: chooseOptions(place),
    },
  );
}

/** One that does not connect again by itself. Any node of a cluster hears all messages. */
export function connectSubscriber(place: RedisPlace, main: Redis | Cluster): Redis {
  const never = (): null => null;
  if (!(main instanceof Cluster)) return connectServer(place, never);
  const nodes = main.nodes('all');
  const { host, port } = nodes[Math.floor(Math.random() * nodes.length)]?.options ?? {};
  const address = host === undefined || port === undefined ? place.addresses[0] : { host, port };
  return new Redis({
    ...chooseOptions(place),
    enableOfflineQueue: false,
    retryStrategy: never,
    ...address,
  });
}
