/** The folder for compiled code. This module imports no other one of the project, because the entry loads it before everything else. */
import { join } from 'node:path';

const read = (name: string): string | undefined => process.env[name] || undefined;

/**
 * Below XDG_CACHE_HOME or ~/.cache; not `remotify` itself, since XDG_CONFIG_HOME or XDG_STATE_HOME may name the same folder. Undefined
 * without a home, and where the user has told Node to do otherwise.
 */
export function chooseCacheFolder(): string | undefined {
  if (read('NODE_DISABLE_COMPILE_CACHE') ?? read('NODE_COMPILE_CACHE') ?? read('NODE_V8_COVERAGE'))
    return undefined;
  const home = read('HOME');
  const base = read('XDG_CACHE_HOME') ?? (home && join(home, '.cache'));
  return base?.startsWith('/') ? join(base, 'remotify', 'compiled') : undefined;
}
