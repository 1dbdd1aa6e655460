import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One cache folder for all tests: its content depends only on the program. Not below HOME, because tests check the files there. */
const cacheHome = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));

/**
 * Keeps only PATH of the outer environment: no REMOTIFY_*, DOMAIN, SCHEME, LONGPOLL_MS, proxy settings or NODE_EXTRA_CA_CERTS
 * (which triples the start time of Node 20). HOME and the XDG folders, except that of caches, are in `home`.
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
