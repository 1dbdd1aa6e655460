import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One for all tests: what is written there depends on the program only, and tests look at what is in a home. */
const cacheHome = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));

/**
 * Nothing of the outer environment but PATH: no REMOTIFY_*, DOMAIN, SCHEME, LONGPOLL_MS, proxy settings or NODE_EXTRA_CA_CERTS
 * (which triples the start of Node 20). `home` takes the place of HOME and of the XDG folders but that of caches.
 */
export function cleanEnvironment(home: string, extra: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_STATE_HOME: join(home, 'state'),
    XDG_DATA_HOME: join(home, 'data'),
    XDG_CACHE_HOME: cacheHome,
    ...extra,
  };
}
