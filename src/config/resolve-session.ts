/** Flag over environment over what is stored over the default: which relay and which session are meant. */
import { isKey } from '../protocol/keys.ts';
import { ConfigError } from './config-error.ts';
import { type Environment, readVariable } from './environment.ts';
import { defaultUrl, parseRelayUrl } from './parse-url.ts';
import { quote } from './parse-values.ts';
import { readSecret } from './read-secret.ts';
import type { Settings, StoredSession } from './settings.ts';

export interface Given {
  url?: string | undefined;
  /** `-s`: a stored name or a key. */
  session?: string | undefined;
}

export interface ChosenSession {
  /** Absent for a key that was never stored. */
  name?: string;
  key: string;
  url: string;
  /** Absent while unknown. */
  features?: readonly string[];
  quickstart?: string;
}

/** Where new sessions are made. */
export function resolveUrl({ url }: Given, environment: Environment, settings: Settings): string {
  return parseRelayUrl(url ?? readVariable(environment, 'REMOTIFY_URL') ?? settings.url ?? defaultUrl);
}

function findByKey(settings: Settings, key: string): [string, StoredSession] | undefined {
  return Object.entries(settings.sessions).find(([, session]) => session.key === key);
}

function fromStore(name: string, stored: StoredSession, given: Given): ChosenSession {
  const url = given.url === undefined ? stored.url : parseRelayUrl(given.url);
  return { name, key: stored.key, url, features: stored.features, quickstart: stored.quickstart };
}

function fromKey(key: string, given: Given, environment: Environment, settings: Settings): ChosenSession {
  const known = findByKey(settings, key);
  const url = given.url ?? readVariable(environment, 'REMOTIFY_URL');
  if (known) return fromStore(known[0], known[1], { url });
  return { key, url: resolveUrl(given, environment, settings) };
}

/** More a key that was copied badly than a name: never to be repeated whole. */
export function looksLikeKey(text: string): boolean {
  return /^[0-9a-fA-F]{20,}$/.test(text);
}

/** The session that is meant, or undefined when none was named and none is stored. Throws a ConfigError; never repeats a key. */
export function resolveSession(
  given: Given,
  environment: Environment,
  settings: Settings,
): ChosenSession | undefined {
  if (given.session !== undefined) {
    const { session } = given;
    if (isKey(session)) return fromKey(session, given, environment, settings);
    const stored = Object.hasOwn(settings.sessions, session) ? settings.sessions[session] : undefined;
    if (stored) return fromStore(session, stored, given);
    const isKeyLike = looksLikeKey(session);
    throw new ConfigError(
      isKeyLike
        ? 'malformed key: it is not 32 lower-case hex digits'
        : `no stored session is called ${quote(session)}`,
      isKeyLike
        ? 'copy it whole from the output of `remotify new`'
        : 'see `remotify list`, or make it: `remotify new --name NAME`',
    );
  }
  const secret = readSecret(environment, 'REMOTIFY_KEY');
  if (secret !== undefined) {
    if (isKey(secret.value)) return fromKey(secret.value, given, environment, settings);
    throw new ConfigError(
      `malformed key in ${secret.source}: it is not 32 lower-case hex digits`,
      'copy it whole, without quotes or spaces',
    );
  }
  const { current } = settings;
  const stored = current === undefined ? undefined : settings.sessions[current];
  return current === undefined || !stored ? undefined : fromStore(current, stored, given);
}
