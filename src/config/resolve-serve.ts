/** Resolves all settings of `serve`: flags, then the environment (with the variables of the legacy relay), then defaults. */
import { type ChooseValue, createChooser, parseFrom } from './choose-value.ts';
import { ConfigError } from './config-error.ts';
import { type Environment, readVariable } from './environment.ts';
import { parseListenAddress, parseTrustedProxies, type TrustedProxies } from './parse-networks.ts';
import { parseRelayUrl } from './parse-url.ts';
import { parseAuditLevel, parseWord, type AuditLevel } from './parse-serve-values.ts';
import { parseCount } from './parse-values.ts';
import { readSecret, readSecretFile } from './read-secret.ts';
import { type LimitFlag, type LimitSettings, resolveLimits } from './resolve-limits.ts';
import { type ListenFlag, type ListenSettings, resolveListen } from './resolve-listen.ts';
import { isInMemory, resolveStore, type StoreFlag, type StoreSettings } from './resolve-store.ts';
import { describeUnread } from './unread-variables.ts';
import { quote } from '../text/quote.ts';

type ServeFlag =
  | LimitFlag
  | ListenFlag
  | StoreFlag
  | 'publicUrl'
  | 'token'
  | 'tokenFile'
  | 'trustProxy'
  | 'tlsCert'
  | 'tlsKey'
  | 'log'
  | 'metrics';

/** Flags as they were typed. */
export type ServeFlags = Partial<
  Record<ServeFlag, string> & { allowedHost: string[]; auditLog: string | true }
>;

export interface ServeSettings extends LimitSettings, ListenSettings, StoreSettings {
  publicUrl?: string;
  token?: string;
  allowedHosts: string[];
  trustedProxies: TrustedProxies;
  /** Paths of PEM files. */
  tls?: { certPath: string; keyPath: string };
  auditLog: AuditLevel;
  /** The format of the access log; undefined for none. */
  accessLog?: 'text' | 'json';
  metrics?: { host: string; port: number };
  /** Messages to print before the relay starts, a line each. */
  notes: readonly string[];
}

/** The public URL from DOMAIN, SCHEME and PUBLIC_PORT, the variables of the legacy relay. */
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

/** Undefined: no token is required to create sessions. An empty one is an error, so that a lost variable does not open the relay. */
function resolveToken({ token, tokenFile }: ServeFlags, environment: Environment): string | undefined {
  const hint = 'give one of them: a file keeps the token out of the process list';
  if (token !== undefined && tokenFile !== undefined)
    throw new ConfigError('--token and --token-file are both given', hint);
  if (token === '')
    throw new ConfigError('--token: it is empty', 'give a token, or remove the flag to require none');
  if (tokenFile !== undefined) return readSecretFile('--token-file', tokenFile);
  return token ?? readSecret(environment, 'REMOTIFY_SERVE_TOKEN')?.value;
}

export function resolveServe(flags: ServeFlags, environment: Environment): ServeSettings {
  const { allowedHost: _hosts, auditLog: _level, ...plain } = flags;
  const choose = createChooser<ServeFlag>(plain, environment);
  const notes: string[] = [];
  const publicUrl =
    choose('publicUrl', ['REMOTIFY_PUBLIC_URL'], '', (text) =>
      text === '' ? undefined : parseRelayUrl(text),
    ) ?? parseSeedUrl(environment);
  const token = resolveToken(flags, environment);
  const store = resolveStore(flags.store, choose, environment, notes);
  const listen = resolveListen(flags, choose, environment, notes);
  const tls = resolveTls(choose);
  const accessLog = choose('log', ['REMOTIFY_LOG'], '', (text) =>
    text === '' ? undefined : parseWord(text, ['text', 'json'] as const),
  );
  const metrics = choose('metrics', ['REMOTIFY_METRICS'], '', (text) =>
    text === '' ? undefined : parseListenAddress(text),
  );
  return {
    ...resolveLimits(choose, environment, isInMemory(store.storeUrl)),
    ...listen,
    ...store,
    allowedHosts: resolveAllowedHosts(flags, environment),
    trustedProxies: choose('trustProxy', ['REMOTIFY_TRUST_PROXY'], '0', parseTrustedProxies),
    auditLog: resolveAuditLevel(flags, environment),
    ...(publicUrl !== undefined && { publicUrl }),
    ...(token !== undefined && { token }),
    ...(tls !== undefined && { tls }),
    ...(accessLog !== undefined && { accessLog }),
    ...(metrics !== undefined && { metrics }),
    notes: [...describeUnread(environment, publicUrl !== undefined), ...notes],
  };
}
