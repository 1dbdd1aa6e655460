/** Lists the settings in effect and the source of each: a flag wins over the environment, the settings file and the default. */
import { type Environment, readVariable } from './environment.ts';
import { findProxy } from './find-proxy.ts';
import { defaultUrl } from './parse-url.ts';
import { readSecret } from './read-secret.ts';
import { type Given, type ReadSettings, resolveSession, resolveUrl } from './resolve-session.ts';
import { chooseConfigDir } from './settings-file.ts';
import { maskKey } from '../text/mask-keys.ts';

export interface EffectiveSetting {
  name: string;
  /** Null if there is none. Never a secret. */
  value: string | null;
  /** A flag, the name of a variable, `settings file`, or `default`. */
  source: string;
}

const settingsFile = 'settings file';

function findUrl(given: Given, environment: Environment, read: ReadSettings): EffectiveSetting {
  const value = resolveUrl(given, environment, read);
  const name = 'url';
  if (given.url !== undefined) return { name, value, source: '--url' };
  if (readVariable(environment, 'REMOTIFY_URL') !== undefined) return { name, value, source: 'REMOTIFY_URL' };
  return { name, value, source: read().url === undefined && value === defaultUrl ? 'default' : settingsFile };
}

/** The value is the name of a stored session, else the beginning of the key. */
function findSession(given: Given, environment: Environment, read: ReadSettings): EffectiveSetting {
  const chosen = resolveSession(given, environment, read);
  const value = chosen ? (chosen.name ?? maskKey(chosen.key)) : null;
  const name = 'session';
  if (given.session !== undefined) return { name, value, source: '-s' };
  const secret = readSecret(environment, 'REMOTIFY_KEY');
  return { name, value, source: secret?.source ?? (chosen ? settingsFile : 'default') };
}

/** A stored session keeps the URL of its relay, even if `url` is a different one. */
function findSessionUrl(given: Given, environment: Environment, read: ReadSettings): EffectiveSetting {
  const name = 'session_url';
  const chosen = resolveSession(given, environment, read);
  if (!chosen) return { name, value: null, source: 'default' };
  const url = findUrl(given, environment, read);
  return { name, value: chosen.url, source: chosen.url === url.value ? url.source : settingsFile };
}

function findToken(environment: Environment): EffectiveSetting {
  const token = readSecret(environment, 'REMOTIFY_TOKEN');
  return { name: 'token', value: token ? 'set' : 'not set', source: token?.source ?? 'default' };
}

function findText(
  name: string,
  variable: string,
  fallback: string | null,
  environment: Environment,
): EffectiveSetting {
  const value = readVariable(environment, variable);
  return value === undefined
    ? { name, value: fallback, source: 'default' }
    : { name, value, source: variable };
}

function findConfigDir(flag: string | undefined, environment: Environment): EffectiveSetting {
  const variable = ['REMOTIFY_CONFIG_DIR', 'XDG_CONFIG_HOME'].find(
    (name) => readVariable(environment, name) !== undefined,
  );
  const source = flag === undefined ? (variable ?? 'default') : '--config-dir';
  return { name: 'config_dir', value: chooseConfigDir(flag, environment), source };
}

/** The proxy for the relay of the session, else for the relay of new sessions. Leaves out user and password. */
function findProxyOf(given: Given, environment: Environment, read: ReadSettings): EffectiveSetting {
  const url = resolveSession(given, environment, read)?.url ?? resolveUrl(given, environment, read);
  const proxy = findProxy(url, environment);
  return { name: 'proxy', value: proxy?.shown ?? null, source: proxy?.source ?? 'default' };
}

/** Maps each name to a function, so that only the settings that are used are read. Each throws a ConfigError for a bad value. */
export function listSettings(
  given: Given & { configDir?: string | undefined },
  environment: Environment,
  read: ReadSettings,
): Record<string, () => EffectiveSetting> {
  return {
    url: () => findUrl(given, environment, read),
    session: () => findSession(given, environment, read),
    session_url: () => findSessionUrl(given, environment, read),
    token: () => findToken(environment),
    wait: () => findText('wait', 'REMOTIFY_WAIT', '10m', environment),
    timeout: () => findText('timeout', 'REMOTIFY_TIMEOUT', null, environment),
    proxy: () => findProxyOf(given, environment, read),
    config_dir: () => findConfigDir(given.configDir, environment),
  };
}
