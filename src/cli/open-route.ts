/** Chooses the route to a relay from the environment: through a proxy, or with other certificate authorities. */
import type { Route } from '../client/undici-http.ts';
import type { Environment } from '../config/environment.ts';
import { findProxy } from '../config/find-proxy.ts';
import { listAuthorityVariables } from '../config/network-variables.ts';

async function findAuthorities(environment: Environment): Promise<string[] | undefined> {
  if (listAuthorityVariables(environment).length === 0) return undefined;
  const { readAuthorities } = await import('../config/read-authorities.ts');
  return readAuthorities(environment);
}

/** Undefined for a plain connection. Throws a ConfigError. */
export async function openRoute(url: string, environment: Environment): Promise<Route | undefined> {
  const proxy = findProxy(url, environment);
  const needsTls = /^https:/i.test(url) || proxy?.protocol === 'https:';
  const authorities = needsTls ? await findAuthorities(environment) : undefined;
  if (proxy) {
    const { openProxyRoute } = await import('../client/proxy-route.ts');
    return openProxyRoute(url, proxy, authorities);
  }
  if (!authorities) return undefined;
  const { openDirectRoute } = await import('../client/undici-http.ts');
  return openDirectRoute(new URL(url).origin, authorities);
}
