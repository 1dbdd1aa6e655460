/** Finds and reads the settings file. Uses no library, because almost every command loads this. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from './config-error.ts';
import { describeFileError } from './describe-file-error.ts';
import { type Environment, readVariable } from './environment.ts';
import { parseSettings, type Settings } from './settings.ts';

/** A user id without a name, as in many containers, has no home directory unless HOME is set. */
function findHome(environment: Environment): string {
  try {
    return readVariable(environment, 'HOME') ?? homedir();
  } catch {
    throw new ConfigError(
      'HOME is not set, and this user has no home directory',
      'set HOME, or name directories with REMOTIFY_CONFIG_DIR and XDG_STATE_HOME',
      'setting',
    );
  }
}

/** `--config-dir`, REMOTIFY_CONFIG_DIR, XDG_CONFIG_HOME, ~/.config. */
export function chooseConfigDir(flag: string | undefined, environment: Environment): string {
  const own = flag ?? readVariable(environment, 'REMOTIFY_CONFIG_DIR');
  if (own !== undefined) return own;
  const base = readVariable(environment, 'XDG_CONFIG_HOME') ?? join(findHome(environment), '.config');
  return join(base, 'remotify');
}

/** The default place for the sessions of `serve`: XDG_STATE_HOME, ~/.local/state. */
export function chooseStateDir(environment: Environment): string {
  const base = readVariable(environment, 'XDG_STATE_HOME') ?? join(findHome(environment), '.local', 'state');
  return join(base, 'remotify');
}

export function settingsPath(configDir: string): string {
  return join(configDir, 'config.json');
}

/** Returns the stored settings; empty ones if there is no file. Throws a ConfigError if the file cannot be read. */
export function readSettings(configDir: string): Settings {
  const path = settingsPath(configDir);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { sessions: {} };
    throw new ConfigError(
      `cannot read ${path}: ${describeFileError(error)}`,
      'check the permissions, or choose another folder with --config-dir',
      'setting',
    );
  }
  const settings = text.trim() === '' ? { sessions: {} } : parseSettings(text);
  if (settings) return settings;
  throw new ConfigError(`${path} is not valid JSON`, 'fix or delete it, then run `remotify new`', 'setting');
}
