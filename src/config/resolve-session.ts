/** Chooses the relay and the session: from a flag, then the environment, then the stored settings, then the default. */
import { isKey } from '../protocol/keys.ts';
import { ConfigError } from './config-error.ts';
import { type Environment, readVariable } from './environment.ts';
import { defaultUrl, parseRelayUrl } from './parse-url.ts';
import { readSecret } from './read-secret.ts';
import type { Settings, StoredSession } from './settings.ts';
import { quote } from '../text/quote.ts';

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

/** Called only when the settings are needed, because they may be unreadable. */
export type ReadSettings = () => Settings;

/** The relay for new sessions. Reads the settings only if neither the flag nor the environment names one. */
export function resolveUrl({ url }: Given, environment: Environment, read: ReadSettings): string {
  return parseRelayUrl(url ?? readVariable(environment, 'REMOTIFY_URL') ?? read().url ?? defaultUrl);
}

/** With a key and a URL the settings only save a request to the relay, so unreadable settings count as empty. */
function readWhatIs(read: ReadSettings): Settings {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { sessions: {} };
  }
}

function findByKey(settings: Settings, key: string): [string, StoredSession] | undefined {
  return Object.entries(settings.sessions).find(([, session]) => session.key === key);
}

function fromStore(name: string, stored: StoredSession, given: Given): ChosenSession {
  const url = given.url === undefined ? stored.url : parseRelayUrl(given.url);
  return { name, key: stored.key, url, features: stored.features, quickstart: stored.quickstart };
}

function fromKey(key: string, given: Given, environment: Environment, read: ReadSettings): ChosenSession {
  const url = given.url ?? readVariable(environment, 'REMOTIFY_URL');
  const settings = url === undefined ? read() : readWhatIs(read);
  const known = findByKey(settings, key);
  if (known) return fromStore(known[0], known[1], { url });
  return { key, url: resolveUrl(given, environment, () => settings) };
}

/** Whether the text is rather a badly copied key than a name: a message must not repeat it. */
export function looksLikeKey(text: string): boolean {
  return /^[0-9a-fA-F]{20,}$/.test(text);
}

/** The session to use, or undefined if none was named and none is current. Throws a ConfigError that never repeats a key. */
export function resolveSession(
  given: Given,
  environment: Environment,
  read: ReadSettings,
): ChosenSession | undefined {
  if (given.session !== undefined) {
    const { session } = given;
    if (isKey(session)) return fromKey(session, given, environment, read);
    const isKeyLike = looksLikeKey(session);
    const settings = isKeyLike ? readWhatIs(read) : read();
    const stored = Object.hasOwn(settings.sessions, session) ? settings.sessions[session] : undefined;
    if (stored) return fromStore(session, stored, given);
    throw new ConfigError(
      isKeyLike
        ? 'malformed key: it is not 32 lower-case hex digits'
        : `no stored session is called ${quote(session)}`,
      isKeyLike
        ? 'copy all of it from the output of `remotify new`'
        : 'run `remotify list`, or create it: `remotify new --name NAME`',
      'session',
    );
  }
  const secret = readSecret(environment, 'REMOTIFY_KEY');
  if (secret !== undefined) {
    if (isKey(secret.value)) return fromKey(secret.value, given, environment, read);
    throw new ConfigError(
      `malformed key in ${secret.source}: it is not 32 lower-case hex digits`,
      'copy all of it, without quotes or spaces',
      'session',
    );
  }
  const settings = read();
  const { current } = settings;
  const stored = current === undefined ? undefined : settings.sessions[current];
  return current === undefined || !stored ? undefined : fromStore(current, stored, given);
}
