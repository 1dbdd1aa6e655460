/** Resolves the limits of `serve`: rates, sizes, counts and times, with their defaults from protocol/limits.ts. */
import {
  defaultAddressQuotaBytes,
  defaultHeldPolls,
  defaultAddressPolls,
  defaultSessionPolls,
  defaultLongPollMs,
  defaultMaxBodyBytes,
  defaultSessionQuotaBytes,
  defaultAddressSessions,
  memoryAddressQuotaBytes,
  memorySessionQuotaBytes,
  defaultTtlSeconds,
} from '../protocol/limits.ts';
import { type ChooseValue, parseFrom } from './choose-value.ts';
import { ConfigError } from './config-error.ts';
import { type Environment, readVariable } from './environment.ts';
import { parseRate, parseSize } from './parse-serve-values.ts';
import { parseCount, parseDuration } from './parse-values.ts';

export type LimitFlag =
  | 'rateLimit'
  | 'rateLimitBurst'
  | 'maxBodySize'
  | 'sessionTtl'
  | 'longPoll'
  | 'maxHeldPolls'
  | 'maxHeldPollsPerAddress'
  | 'maxHeldPollsPerSession'
  | 'maxSessionsPerAddress'
  | 'sessionQuota'
  | 'addressQuota';

export interface LimitSettings {
  rateLimit: { count: number; perSeconds: number; burst: number } | null;
  maxBodyBytes: number;
  ttlMs: number;
  longPollMs: number;
  heldPolls: { total: number; perAddress: number; perSession: number };
  quotas: { sessionsPerAddress: number; bytesPerSession: number; bytesPerAddress: number };
}

/** Returns milliseconds. Rejects 0: sessions would expire at once. */
function parseLifetime(text: string): number {
  const seconds = parseDuration(text);
  if (seconds <= 0) throw new ConfigError('the lifetime of a session must be more than 0', 'write it as 3h');
  return seconds * 1000;
}

/** 0 disables a limit, as in nginx. */
const liftable = (limit: number): number => (limit === 0 ? Number.MAX_SAFE_INTEGER : limit);

function defaultLongPoll(environment: Environment): string {
  const inMs = readVariable(environment, 'LONGPOLL_MS');
  if (inMs === undefined) return String(defaultLongPollMs / 1000);
  return String(parseFrom('LONGPOLL_MS', () => parseCount(inMs, { max: 3_600_000 })) / 1000);
}

/** `isInMemory`: the store uses memory, which is scarcer than disk, so the default quotas are smaller. */
export function resolveLimits(
  choose: ChooseValue<LimitFlag>,
  environment: Environment,
  isInMemory: boolean,
): LimitSettings {
  const [sessionQuota, addressQuota] = isInMemory
    ? [memorySessionQuotaBytes, memoryAddressQuotaBytes]
    : [defaultSessionQuotaBytes, defaultAddressQuotaBytes];
  const count = (flag: LimitFlag, variable: string, fallback: number): number =>
    choose(flag, [variable], String(fallback), (text) => liftable(parseCount(text, { max: 1e9 })));
  const bytes = (flag: LimitFlag, variables: string[], fallback: number): number =>
    choose(flag, variables, String(fallback), (text) => liftable(parseSize(text)));

  const burst = choose('rateLimitBurst', ['REMOTIFY_RATE_LIMIT_BURST', 'RATE_LIMIT_BURST'], '5', (text) =>
    parseCount(text, { max: 1e6 }),
  );
  const rate = choose('rateLimit', ['REMOTIFY_RATE_LIMIT', 'RATE_LIMIT'], '10r/m', parseRate);
  return {
    rateLimit: rate && { ...rate, burst },
    // A body is held in memory, so 1 GiB is the limit even if the setting disables it.
    maxBodyBytes: Math.min(
      bytes('maxBodySize', ['REMOTIFY_MAX_BODY_SIZE', 'MAX_BODY_SIZE'], defaultMaxBodyBytes),
      2 ** 30,
    ),
    ttlMs: choose(
      'sessionTtl',
      ['REMOTIFY_SESSION_TTL', 'SESSION_TTL'],
      String(defaultTtlSeconds),
      parseLifetime,
    ),
    longPollMs: choose(
      'longPoll',
      ['REMOTIFY_LONG_POLL'],
      defaultLongPoll(environment),
      (text) => parseDuration(text) * 1000,
    ),
    heldPolls: {
      total: count('maxHeldPolls', 'REMOTIFY_MAX_HELD_POLLS', defaultHeldPolls),
      perAddress: count('maxHeldPollsPerAddress', 'REMOTIFY_MAX_HELD_POLLS_PER_ADDRESS', defaultAddressPolls),
      perSession: count('maxHeldPollsPerSession', 'REMOTIFY_MAX_HELD_POLLS_PER_SESSION', defaultSessionPolls),
    },
    quotas: {
      sessionsPerAddress: count(
        'maxSessionsPerAddress',
        'REMOTIFY_MAX_SESSIONS_PER_ADDRESS',
        defaultAddressSessions,
      ),
      bytesPerSession: bytes('sessionQuota', ['REMOTIFY_SESSION_QUOTA'], sessionQuota),
      bytesPerAddress: bytes('addressQuota', ['REMOTIFY_ADDRESS_QUOTA'], addressQuota),
    },
  };
}
