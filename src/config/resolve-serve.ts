/** What `serve` was told: flag over environment (the seed's names among them) over default, all of it parsed. */
import { join } from 'node:path';
import { defaultLongPollMs, defaultMaxBodyBytes, defaultTtlSeconds } from '../protocol/limits.ts';
import { ConfigError } from './config-error.ts';
import { type Environment, readVariable } from './environment.ts';
import { parseRelayUrl } from './parse-url.ts';
import { parseCount, parseDuration, parseRate, parseSize, parseSwitch, quote } from './parse-values.ts';
import { chooseStateDir } from './settings-file.ts';

/** Flags as they were typed. */
export type ServeFlags = Partial<
  Record<
    | 'host'
    | 'port'
    | 'publicUrl'
    | 'store'
    | 'token'
    | 'rateLimit'
    | 'rateLimitBurst'
    | 'maxBodySize'
    | 'sessionTtl'
    | 'longPoll',
    string
  > & { allowedHost: string[]; auditLog: boolean }
>;

export interface ServeSettings {
  host: string;
  port: number;
  publicUrl?: string;
  storeUrl: string;
  token?: string;
  allowedHosts: string[];
  rateLimit: { count: number; perSeconds: number; burst: number } | null;
  maxBodyBytes: number;
  ttlMs: number;
  longPollMs: number;
  auditLog: boolean;
}

/** Runs a parser and says which variable its value came from. */
function parseFrom<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${name}: ${error.message}`, error.hint);
  }
}

/** DOMAIN, SCHEME and PUBLIC_PORT as the seed has them. */
function parseSeedUrl(environment: Environment): string | undefined {
  const domain = readVariable(environment, 'DOMAIN');
  if (domain === undefined) return undefined;
  const scheme = readVariable(environment, 'SCHEME') ?? 'http';
  const port = readVariable(environment, 'PUBLIC_PORT');
  return parseFrom('DOMAIN, SCHEME, PUBLIC_PORT', () =>
    parseRelayUrl(
      `${scheme}://${domain}${port === undefined ? '' : `:${parseCount(port, { min: 1, max: 65_535 })}`}`,
    ),
  );
}

export function resolveServe(flags: ServeFlags, environment: Environment): ServeSettings {
  /** The first of a flag and its variables that was given, and a parser's view of it. */
  const choose = <T>(
    flag: keyof Omit<ServeFlags, 'allowedHost' | 'auditLog'>,
    names: string[],
    fallback: string,
    parse: (text: string) => T,
  ): T => {
    const typed = flags[flag];
    if (typed !== undefined)
      return parseFrom(`--${flag.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`, () => parse(typed));
    for (const name of names) {
      const value = readVariable(environment, name);
      if (value !== undefined) return parseFrom(name, () => parse(value));
    }
    return parse(fallback);
  };

  const asIs = (text: string): string => text;
  const burst = choose('rateLimitBurst', ['REMOTIFY_RATE_LIMIT_BURST', 'RATE_LIMIT_BURST'], '5', (text) =>
    parseCount(text, { max: 1e6 }),
  );
  const rate = choose('rateLimit', ['REMOTIFY_RATE_LIMIT', 'RATE_LIMIT'], '10r/m', parseRate);
  const publicUrl =
    choose('publicUrl', ['REMOTIFY_PUBLIC_URL'], '', (text) =>
      text === '' ? undefined : parseRelayUrl(text),
    ) ?? parseSeedUrl(environment);
  const token = choose('token', ['REMOTIFY_SERVE_TOKEN'], '', asIs);
  const maxBody = choose(
    'maxBodySize',
    ['REMOTIFY_MAX_BODY_SIZE', 'MAX_BODY_SIZE'],
    String(defaultMaxBodyBytes),
    parseSize,
  );
  const ttlSeconds = choose(
    'sessionTtl',
    ['REMOTIFY_SESSION_TTL', 'SESSION_TTL'],
    String(defaultTtlSeconds),
    parseDuration,
  );
  if (ttlSeconds <= 0)
    throw new ConfigError(
      `${flags.sessionTtl === undefined ? 'SESSION_TTL' : '--session-ttl'}: a session that lasts no time is of no use`,
      'write it as 3h',
    );
  const allowedHosts = (
    flags.allowedHost ??
    readVariable(environment, 'REMOTIFY_ALLOWED_HOST')?.split(',') ??
    []
  ).map((name) => {
    if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(name.trim())) {
      throw new ConfigError(
        `${flags.allowedHost === undefined ? 'REMOTIFY_ALLOWED_HOST' : '--allowed-host'}: not a host name: ${quote(name)}`,
        'write it as relay.example, without a port',
      );
    }
    return name.trim().toLowerCase();
  });
  return {
    host: choose('host', ['REMOTIFY_HOST'], '127.0.0.1', asIs),
    port: choose('port', ['REMOTIFY_PORT'], '8080', (text) => parseCount(text, { max: 65_535 })),
    storeUrl: choose('store', ['REMOTIFY_STORE'], `file:${join(chooseStateDir(environment), 'relay')}`, asIs),
    allowedHosts,
    auditLog:
      flags.auditLog ??
      parseFrom('AUDIT_LOG', () => parseSwitch(readVariable(environment, 'AUDIT_LOG') ?? '0')),
    rateLimit: rate && { ...rate, burst },
    // 0 lifts the limit, as in nginx; what memory can hold is the limit then.
    maxBodyBytes: maxBody === 0 ? 2 ** 30 : maxBody,
    ttlMs: ttlSeconds * 1000,
    longPollMs: choose(
      'longPoll',
      ['REMOTIFY_LONG_POLL'],
      readVariable(environment, 'LONGPOLL_MS') === undefined
        ? String(defaultLongPollMs / 1000)
        : String(
            parseFrom('LONGPOLL_MS', () =>
              parseCount(readVariable(environment, 'LONGPOLL_MS') ?? '', { max: 3_600_000 }),
            ) / 1000,
          ),
      (text) => parseDuration(text) * 1000,
    ),
    ...(publicUrl !== undefined && { publicUrl }),
    ...(token !== '' && { token }),
  };
}
