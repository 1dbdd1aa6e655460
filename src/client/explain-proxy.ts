/** Explains an error that a proxy sent instead of the relay. No message contains the proxy's user or password. */
import type { ProxyAddress } from './proxy-address.ts';
import { RelayError } from './relay-error.ts';

const reasons: Readonly<Record<number, string>> = {
  400: 'it did not understand the request',
  403: 'it does not allow this address',
  404: 'it does not know this address',
  405: 'it does not allow tunnels (CONNECT)',
  429: 'it received too many requests',
  500: 'it failed',
  501: 'it does not support tunnels (CONNECT)',
  502: 'it cannot reach this address',
  503: 'it cannot reach this address',
  504: 'this address did not answer it in time',
};

/** `host`: the relay's, as NO_PROXY names it. Extends the variable that is already set: another might not be read. */
export function hintDirect({ exemptBy }: ProxyAddress, host: string): string {
  const set = exemptBy === undefined ? `NO_PROXY=${host}` : `${exemptBy}="$${exemptBy},${host}"`;
  return `if no proxy is needed: \`export ${set}\``;
}

function hintAt(proxy: ProxyAddress, host: string, status: number): string {
  const { source, shown, user } = proxy;
  const direct = hintDirect(proxy, host);
  if (status === 407) {
    const [scheme = '', rest = ''] = shown.split('//');
    const how = `\`export ${source}=${scheme}//USER:PASSWORD@${rest}\``;
    return user === undefined
      ? `set a user and password: ${how}`
      : `check the user and password in ${source}: ${how}; write @ : / and % in them as %40 %3A %2F %25`;
  }
  if (status === 403 || status === 405) return `ask the operator of the proxy to allow it; ${direct}`;
  return `check the address of the relay; ${direct}`;
}

/** The login scheme that the proxy requires, if this client does not support it. `offered` is untrusted text. */
function findOtherLogin(offered: string | undefined): string | undefined {
  if (offered === undefined || offered === '' || /\bbasic\b/i.test(offered)) return undefined;
  return /^[A-Za-z]{1,20}/.exec(offered)?.[0];
}

function describeLogin({ user }: ProxyAddress, other: string | undefined): string {
  if (other !== undefined) return `it requires ${other} authentication, which this client does not support`;
  return user === undefined ? 'it asks for a user and password' : 'it refuses the user or password';
}

/** `place`: the requested address. `offered`: the proxy's `Proxy-Authenticate` header. */
export function explainRefusal(
  proxy: ProxyAddress,
  place: string,
  status: number,
  offered?: string,
): RelayError {
  const { shown, source } = proxy;
  const host = place.replace(/^https?:\/\//, '').replace(/:\d+$/, '');
  const other = status === 407 ? findOtherLogin(offered) : undefined;
  const why = status === 407 ? describeLogin(proxy, other) : (reasons[status] ?? 'it refuses');
  const hint =
    other === undefined
      ? hintAt(proxy, host, status)
      : `run a local proxy that can log in there, such as cntlm, and set ${source} to its address`;
  return new RelayError(
    'unreachable',
    `cannot reach ${place} through the proxy ${shown} (from ${source}): ${why} (HTTP ${status})`,
    { status, hint },
  );
}
