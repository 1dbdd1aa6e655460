/** Parses the URL of a Redis store. */

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

export interface RedisPlace {
  readonly kind: 'single' | 'cluster' | 'sentinel';
  /** One address for a single server; the first nodes or sentinels to contact otherwise. */
  readonly addresses: readonly RedisAddress[];
  readonly isTls: boolean;
  readonly username?: string;
  readonly password?: string;
  /** 0 if the URL has none; a cluster has only database 0. */
  readonly database: number;
  /** The name of the master in the configuration of the sentinels. */
  readonly masterName?: string;
}

const schemes: Readonly<Record<string, Pick<RedisPlace, 'kind' | 'isTls'>>> = {
  'redis:': { kind: 'single', isTls: false },
  'rediss:': { kind: 'single', isTls: true },
  'redis+cluster:': { kind: 'cluster', isTls: false },
  'rediss+cluster:': { kind: 'cluster', isTls: true },
  'redis+sentinel:': { kind: 'sentinel', isTls: false },
  'rediss+sentinel:': { kind: 'sentinel', isTls: true },
};

/** Whether the scheme is one of Redis, even if the rest of the URL is invalid. */
export function isRedisUrl(url: string): boolean {
  return /^rediss?(?:\+[a-z]*)?:/i.test(url);
}

/** Throws an Error with the reason. It must not repeat any part of the URL, which may contain a password. */
function refuse(why: string): never {
  throw new Error(`not a Redis URL: ${why}`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse('user and password must be percent-encoded');
  }
}

function parseAddress(text: string, defaultPort: number): RedisAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9_.-]+))(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[3] ?? defaultPort);
  if (!match || port < 1 || port > 65_535) return refuse('host and port must be HOST:PORT');
  return { host: match[1] ?? match[2] ?? '', port };
}

function parseDatabase(text: string): number {
  if (!/^\d{0,5}$/.test(text)) return refuse('its path must be a database number');
  return Number(text);
}

/**
 * `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `redis+cluster://…HOST,HOST…`, `redis+sentinel://…HOST,HOST/NAME[/DATABASE]`, and the
 * same with `rediss` for TLS. Throws an Error that repeats no part of the URL.
 */
export function parseRedisUrl(url: string): RedisPlace {
  const match = /^([a-z+]+:)\/\/(?:([^/]*)@)?([^/@?#]*)(?:\/([^?#]*))?$/i.exec(url.trim());
  if (!match) return refuse('write it as redis://HOST:PORT, with user and password percent-encoded');
  const [, scheme = '', credentials, hosts = '', path = ''] = match;
  const form = schemes[scheme.toLowerCase()];
  if (!form) return refuse('its scheme must be redis or rediss, or either with +cluster or +sentinel');
  const defaultPort = form.kind === 'sentinel' ? 26_379 : 6_379;
  const addresses = hosts.split(',').map((text) => parseAddress(text, defaultPort));
  if (form.kind === 'single' && addresses.length > 1)
    return refuse('several hosts need redis+cluster: or redis+sentinel:');
  const [user = '', ...rest] = credentials?.split(':') ?? [];
  const [username, password] = [decode(user), decode(rest.join(':'))];
  const who = { ...(username !== '' && { username }), ...(password !== '' && { password }) };
  const words = path.split('/').map(decode);
  if (form.kind === 'sentinel') {
    const [masterName = '', database = '', ...more] = words;
    if (masterName === '' || more.length > 0)
      return refuse('write it as redis+sentinel://HOST,HOST/NAME[/DATABASE]');
    return { ...form, addresses, ...who, masterName, database: parseDatabase(database) };
  }
  const database = parseDatabase(path);
  if (form.kind === 'cluster' && database !== 0) return refuse('a cluster has only database 0');
  return { ...form, addresses, ...who, database };
}
