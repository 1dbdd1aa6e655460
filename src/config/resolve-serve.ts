/** What `serve` was told: flag over environment (the seed's names among them) over default, all of it parsed. */
import { join } from 'node:path';
import { type ChooseValue, createChooser, parseFrom } from './choose-value.ts';
import { ConfigError } from './config-error.ts';
import { type Environment, readVariable } from './environment.ts';
import { parseListenAddress, parseTrustedProxies, type TrustedProxies } from './parse-networks.ts';
import { parseRelayUrl } from './parse-url.ts';
import { parseAuditLevel, parseCount, parseWord, quote, type AuditLevel } from './parse-values.ts';
import { type LimitFlag, type LimitSettings, resolveLimits } from './resolve-limits.ts';
import { chooseStateDir } from './settings-file.ts';

type ServeFlag =
  | LimitFlag
  | 'host'
  | 'port'
  | 'publicUrl'
  | 'store'
  | 'durability'
  | 'token'
  | 'trustProxy'
  | 'tlsCert'
  | 'tlsKey'
  | 'log'
  | 'metrics';

/** Flags as they were typed. */
export type ServeFlags = Partial<
  Record<ServeFlag, string> & { allowedHost: string[]; auditLog: string | true }
>;

export interface ServeSettings extends LimitSettings {
  host: string;
  port: number;
  publicUrl?: string;
  storeUrl: string;
  /** What an acknowledgement outlives: the end of the process, or that of the machine. */
  durability: 'process' | 'power';
  token?: string;
  allowedHosts: string[];
  trustedProxies: TrustedProxies;
  /** Paths of PEM files. */
  tls?: { certPath: string; keyPath: string };
  auditLog: AuditLevel;
  /** How each request is told; undefined for not at all. */
  accessLog?: 'text' | 'json';
  metrics?: { host: string; port: number };
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

function resolveAllowedHosts(flags: ServeFlags, environment: Environment): string[] {
  const names = flags.allowedHost ?? readVariable(environment, 'REMOTIFY_ALLOWED_HOST')?.split(',') ?? [];
  return names.map((name) => {
    if (!/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(name.trim())) {
      throw new ConfigError(
        `${flags.allowedHost === undefined ? 'REMOTIFY_ALLOWED_HOST' : '--allowed-host'}: not a host name: ${quote(name)}`,
        'write it as relay.example, without a port',
      );
    }
    return name.trim().toLowerCase();
  });
}

function resolveAuditLevel(flags: ServeFlags, environment: Environment): AuditLevel {
  const { auditLog } = flags;
  if (auditLog === true) return 'events';
  if (auditLog !== undefined) return parseFrom('--audit-log', () => parseAuditLevel(auditLog));
  return parseFrom('AUDIT_LOG', () => parseAuditLevel(readVariable(environment, 'AUDIT_LOG') ?? '0'));
}

function resolveTls(choose: ChooseValue<ServeFlag>): ServeSettings['tls'] {
  const certPath = choose('tlsCert', ['REMOTIFY_TLS_CERT'], '', (text) => text);
  const keyPath = choose('tlsKey', ['REMOTIFY_TLS_KEY'], '', (text) => text);
  if (certPath === '' && keyPath === '') return undefined;
  if (certPath !== '' && keyPath !== '') return { certPath, keyPath };
  const [given, missing] =
    certPath === ''
      ? ['--tls-key (REMOTIFY_TLS_KEY)', '--tls-cert']
      : ['--tls-cert (REMOTIFY_TLS_CERT)', '--tls-key'];
  throw new ConfigError(`${given} without ${missing}`, 'give both: files in PEM form');
}

export function resolveServe(flags: ServeFlags, environment: Environment): ServeSettings {
  const { allowedHost: _hosts, auditLog: _level, ...plain } = flags;
  const choose = createChooser<ServeFlag>(plain, environment);
  const asIs = (text: string): string => text;
  const publicUrl =
    choose('publicUrl', ['REMOTIFY_PUBLIC_URL'], '', (text) =>
      text === '' ? undefined : parseRelayUrl(text),
    ) ?? parseSeedUrl(environment);
  const token = choose('token', ['REMOTIFY_SERVE_TOKEN'], '', asIs);
  const tls = resolveTls(choose);
  const accessLog = choose('log', ['REMOTIFY_LOG'], '', (text) =>
    text === '' ? undefined : parseWord(text, ['text', 'json'] as const),
  );
  const metrics = choose('metrics', ['REMOTIFY_METRICS'], '', (text) =>
    text === '' ? undefined : parseListenAddress(text),
  );
  return {
    ...resolveLimits(choose, environment),
    host: choose('host', ['REMOTIFY_HOST'], '127.0.0.1', asIs),
    port: choose('port', ['REMOTIFY_PORT'], '8080', (text) => parseCount(text, { max: 65_535 })),
    storeUrl: choose('store', ['REMOTIFY_STORE'], `file:${join(chooseStateDir(environment), 'relay')}`, asIs),
    durability: choose('durability', ['REMOTIFY_DURABILITY'], 'process', (text) =>
      parseWord(text, ['process', 'power'] as const),
    ),
    allowedHosts: resolveAllowedHosts(flags, environment),
    trustedProxies: choose('trustProxy', ['REMOTIFY_TRUST_PROXY'], '0', parseTrustedProxies),
    auditLog: resolveAuditLevel(flags, environment),
    ...(publicUrl !== undefined && { publicUrl }),
    ...(token !== '' && { token }),
    ...(tls !== undefined && { tls }),
    ...(accessLog !== undefined && { accessLog }),
    ...(metrics !== undefined && { metrics }),
  };
}
