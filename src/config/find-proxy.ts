/** Finds the proxy for a URL in the environment, by curl's rules. */
import { ConfigError } from './config-error.ts';
import { type Environment, readVariable } from './environment.ts';
import { isExempt } from './exempt-host.ts';
import { listProxyVariables } from './network-variables.ts';

/** The same as curl's: 1080 for plain HTTP too. */
const defaultPorts = { 'http:': '1080', 'https:': '443', 'socks5:': '1080', 'socks5h:': '1080' } as const;

type ProxyProtocol = keyof typeof defaultPorts;

export interface Proxy {
  readonly protocol: ProxyProtocol;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** Decoded; undefined if the URL has no login. */
  readonly user: string | undefined;
  readonly password: string;
  /** For messages: the address without user and password. */
  readonly shown: string;
  /** The variable that named it. */
  readonly source: string;
  /** The variable that lists the hosts to reach without the proxy; undefined if none is set. */
  readonly exemptBy?: string;
}

const hint = 'write it as http://proxy.example:3128, or unset it';

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Splits off the scheme by hand, because `URL` would parse the `proxy:` of `proxy:3128` as one. */
function parseProxy(text: string, source: string): Proxy {
  const fail = (reason: string, cure = hint): ConfigError =>
    // Do not repeat the value: it may contain a password.
    new ConfigError(`${source} ${reason}`, cure, 'setting');
  const [, scheme = 'http', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(text.trim()) ?? [];
  let protocol = `${scheme.toLowerCase()}:`;
  if (protocol === 'socks:') protocol = 'socks5:';
  if (protocol === 'socks4:' || protocol === 'socks4a:')
    throw fail(`names a ${protocol}// proxy, which is not supported`, 'use a socks5:// or http:// proxy');
  if (!Object.hasOwn(defaultPorts, protocol))
    throw fail('names a proxy with a scheme that is not supported', hint);
  const [authority = ''] = rest.split(/[/?#]/);
  // An unescaped / ? or # in a password would end the address, and messages would show the password's beginning as a host.
  if (rest.includes('@') && !authority.includes('@'))
    throw fail('has a / ? or # in its user or password', 'write these as %2F, %3F and %23');
  if (/[\s\\]/.test(rest) || !URL.canParse(`http://${rest}`)) throw fail('is not the URL of a proxy');
  const url = new URL(`http://${authority}`);
  // URL drops port 80, the default of http, which is not the default of a proxy.
  const port = url.port || (/:0*80$/.test(authority) ? '80' : defaultPorts[protocol as ProxyProtocol]);
  const [user, password] = [decode(url.username), decode(url.password)];
  if (user === undefined || password === undefined)
    throw fail('has a user or password with a bad % in it', 'write a % in it as %25');
  if (port === '0') throw fail('has no usable port');
  return {
    protocol: protocol as ProxyProtocol,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(port),
    user: user === '' && password === '' ? undefined : user,
    password,
    shown: `${protocol}//${url.hostname}:${port}`,
    source,
  };
}

/** Undefined if no proxy is set for this URL or NO_PROXY exempts its host. Throws a ConfigError without the password. */
export function findProxy(url: string, environment: Environment): Proxy | undefined {
  const [source] = listProxyVariables(url, environment);
  if (source === undefined) return undefined;
  const exemptBy = ['no_proxy', 'NO_PROXY'].find((name) => readVariable(environment, name) !== undefined);
  if (exemptBy !== undefined && isExempt(new URL(url), readVariable(environment, exemptBy) ?? ''))
    return undefined;
  const proxy = parseProxy(readVariable(environment, source) ?? '', source);
  return exemptBy === undefined ? proxy : { ...proxy, exemptBy };
}
