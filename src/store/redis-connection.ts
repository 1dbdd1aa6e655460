/** Creates the ioredis connections for a store URL. */
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { failureCode } from './redis-failure.ts';
import type { RedisPlace } from './redis-url.ts';

/** Timeout for one answer. */
const answerMs = 1_500;

/** The connection is closed and reopened when an answer takes longer than this: the server may be gone without closing it. */
const silenceMs = 1_400;

/** Timeout for connecting. */
export const openMs = 5_000;

const retryDelay = (tries: number): number => Math.min(50 * tries, 500);

/** The options that all kinds of connections share. */
function chooseOptions({ isTls, username, password }: RedisPlace) {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(isTls && { tls: {} }),
    lazyConnect: true,
    // RedisClient retries calls itself, with the same arguments: ioredis must not queue a call and send it twice.
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

/** Connects on connect(), and reconnects automatically. */
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

/** A connection that does not reconnect automatically. In a cluster, every node receives all messages. */
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
