/** The folder for compiled code. This module imports no other one of the project, because the entry loads it before everything else. */
import { join } from 'node:path';

const read = (name: string): string | undefined => process.env[name] || undefined;

/** XDG_CACHE_HOME, ~/.cache. Undefined without a home, and where the user has told Node to do otherwise. */
export function chooseCacheFolder(): string | undefined {
  if (read('NODE_DISABLE_COMPILE_CACHE') ?? read('NODE_COMPILE_CACHE') ?? read('NODE_V8_COVERAGE'))
    return undefined;
  const home = read('HOME');
  const base = read('XDG_CACHE_HOME') ?? (home && join(home, '.cache'));
  return base?.startsWith('/') ? join(base, 'remotify') : undefined;
}
