/** The package as a library: a relay in this process, and a client for any relay. `import { createRelay, RelayClient } from 'remotify'`. */
import packageJson from '../../package.json' with { type: 'json' };
import type { Http } from '../client/http.ts';
import { openHttp as openWithUndici } from '../client/undici-http.ts';
import type { ServeFlags } from '../config/resolve-serve.ts';
import type { Relay } from '../relay/relay.ts';

export { followCommand, type CommandEnd, type Follower } from '../client/follow-command.ts';
export type { Http, HttpAnswer, HttpRequest, HttpSender } from '../client/http.ts';
export { RelayClient, type PushOptions, type ReadFrom } from '../client/relay-client.ts';
export { RelayError } from '../client/relay-error.ts';
export { type RetryOptions, withRetry } from '../client/retry.ts';
export { ConfigError } from '../config/config-error.ts';
export type { Relay };

/** The flags of `remotify serve`, in camel case, as text or numbers; undefined for the default. Variables of the environment are not read. */
export type RelaySettings = {
  [Name in Exclude<keyof ServeFlags, 'allowedHost' | 'auditLog'>]?: string | number | undefined;
} & {
  allowedHost?: string[];
  auditLog?: 'events' | 'text';
  /** Receives each message for the operator, a line without a newline. None contains a key or the text of a command. */
  onMessage?: (line: string) => void;
  /** Receives each line of the audit log and the access log, and its parts by name. */
  onRecord?: (line: string, parts: Record<string, unknown>) => void;
};

/**
 * Opens the store and prepares a relay; `listen()` of the result accepts connections, `close()` ends it. Without settings it stores
 * sessions in memory, on a free port of 127.0.0.1. Throws a ConfigError for a setting that cannot be used, and an Error if the store
 * or the certificate cannot be opened.
 */
export async function createRelay(settings: RelaySettings = {}): Promise<Relay> {
  const {
    allowedHost,
    auditLog,
    onMessage = () => undefined,
    onRecord = () => undefined,
    ...plain
  } = settings;
  const given = Object.entries(plain)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, String(value)]);
  const flags = {
    store: 'memory:',
    ...(plain.listen === undefined && { port: '0' }),
    ...(Object.fromEntries(given) as ServeFlags),
    ...(allowedHost && { allowedHost }),
    ...(auditLog && { auditLog: auditLog === 'events' ? '1' : auditLog }),
  };
  const { resolveServe } = await import('../config/resolve-serve.ts');
  const resolved = resolveServe(flags, {});
  // Its notes are about variables and the process list, which are not used here.
  const { openRelay } = await import('../relay/open-relay.ts');
  return openRelay({ ...resolved, version: packageJson.version, log: onMessage, record: onRecord });
}

/** The HTTP client of the command line, without proxies. Its `close()` ends open connections. */
export function openHttp(baseUrl: string): Http {
  return openWithUndici(baseUrl);
}
