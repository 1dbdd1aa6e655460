/** Chooses the folder for compiled code. Imports no other module of the project, because the entry point loads it first. */
import { join } from 'node:path';

const read = (name: string): string | undefined => process.env[name] || undefined;

/**
 * `remotify/compiled` below XDG_CACHE_HOME or ~/.cache; not `remotify` itself, because XDG_CONFIG_HOME or XDG_STATE_HOME may name the
 * same folder. Undefined without a home directory, and if the user has configured Node's compile cache or coverage.
 */
export function chooseCacheFolder(): string | undefined {
  if (read('NODE_DISABLE_COMPILE_CACHE') ?? read('NODE_COMPILE_CACHE') ?? read('NODE_V8_COVERAGE'))
    return undefined;
  const home = read('HOME');
  const base = read('XDG_CACHE_HOME') ?? (home && join(home, '.cache'));
  return base?.startsWith('/') ? join(base, 'remotify', 'compiled') : undefined;
}
