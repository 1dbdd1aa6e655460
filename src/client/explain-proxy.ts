/** What a proxy says instead of the relay, in words. Its user and password are in no message. */
import type { ProxyAddress } from './proxy-address.ts';
import { RelayError } from './relay-error.ts';

const reasons: Readonly<Record<number, string>> = {
  400: 'it did not understand the request',
  403: 'it does not allow this address',
  404: 'it does not know this address',
  405: 'it does not allow tunnels (CONNECT)',
  429: 'it got too many requests',
  500: 'it failed',
  501: 'it has no tunnels (CONNECT)',
  502: 'it cannot reach this address',
  503: 'it cannot reach this address',
  504: 'this address did not answer it in time',
};

/** `host`: of the relay, as NO_PROXY names it. */
export function hintDirect(host: string): string {
  return `where no proxy is needed: \`export NO_PROXY=${host}\``;
}

function hintAt({ source, shown, user }: ProxyAddress, host: string, status: number): string {
  const direct = hintDirect(host);
  if (status === 407) {
    const [scheme = '', rest = ''] = shown.split('//');
    const how = `\`export ${source}=${scheme}//USER:PASSWORD@${rest}\``;
    return user === undefined
      ? `give it a login: ${how}`
      : `check the user and password in ${source}: ${how}; write @ : / and % in them as %40 %3A %2F %25`;
  }
  if (status === 403 || status === 405) return `ask the operator of the proxy to allow it; ${direct}`;
  return `check the address of the relay; ${direct}`;
}

/** `place`: what was asked for, an address. */
export function explainRefusal(proxy: ProxyAddress, place: string, status: number): RelayError {
  const { shown, source, user } = proxy;
  const host = place.replace(/^https?:\/\//, '').replace(/:\d+$/, '');
  const why =
    status === 407
      ? user === undefined
        ? 'it asks for a user and password'
        : 'it refuses the user or password'
      : (reasons[status] ?? 'it refuses');
  return new RelayError(
    'unreachable',
    `cannot reach ${place} through the proxy ${shown} (from ${source}): ${why} (HTTP ${status})`,
    { status, hint: hintAt(proxy, host, status) },
  );
}
