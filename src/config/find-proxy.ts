/** The proxy for a URL, as curl finds it in the environment. */
import { ConfigError } from './config-error.ts';
import { type Environment, readVariable } from './environment.ts';
import { isExempt } from './exempt-host.ts';
import { listProxyVariables } from './network-variables.ts';

/** As curl has them: 1080 for plain HTTP too. */
const defaultPorts = { 'http:': '1080', 'https:': '443', 'socks5:': '1080', 'socks5h:': '1080' } as const;

type ProxyProtocol = keyof typeof defaultPorts;

export interface Proxy {
  readonly protocol: ProxyProtocol;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** Decoded; undefined where the URL has none. */
  readonly user: string | undefined;
  readonly password: string;
  /** For messages: the address without user and password. */
  readonly shown: string;
  /** The variable that named it. */
  readonly source: string;
  /** The variable that lists hosts to be reached without it; undefined where none is set. */
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

/** The scheme is split off by hand: for `URL`, `proxy:3128` would be one. */
function parseProxy(text: string, source: string): Proxy {
  const fail = (reason: string, cure = hint): ConfigError =>
    // The value may hold a password: it is not repeated.
    new ConfigError(`${source} ${reason}`, cure, 'setting');
  const [, scheme = 'http', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(text.trim()) ?? [];
  let protocol = `${scheme.toLowerCase()}:`;
  if (protocol === 'socks:') protocol = 'socks5:';
  if (protocol === 'socks4:' || protocol === 'socks4a:')
    throw fail(`names a ${protocol}// proxy, which is not supported`, 'use a socks5:// or http:// proxy');
  if (!Object.hasOwn(defaultPorts, protocol))
    throw fail('names a proxy of a scheme that is not supported', hint);
  const [authority = ''] = rest.split(/[/?#]/);
  // A bare / ? or # in a password would end the address, and show the password's beginning as a host.
  if (rest.includes('@') && !authority.includes('@'))
    throw fail('has a / ? or # in its user or password', 'write these as %2F, %3F and %23');
  if (/[\s\\]/.test(rest) || !URL.canParse(`http://${rest}`)) throw fail('is not the URL of a proxy');
  const url = new URL(`http://${authority}`);
  // URL drops the port 80, which is not the default here.
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

/** Undefined where no proxy is set for this URL, or NO_PROXY exempts its host. Throws a ConfigError that repeats no password. */
export function findProxy(url: string, environment: Environment): Proxy | undefined {
  const [source] = listProxyVariables(url, environment);
  if (source === undefined) return undefined;
  const exemptBy = ['no_proxy', 'NO_PROXY'].find((name) => readVariable(environment, name) !== undefined);
  if (exemptBy !== undefined && isExempt(new URL(url), readVariable(environment, exemptBy) ?? ''))
    return undefined;
  const proxy = parseProxy(readVariable(environment, source) ?? '', source);
  return exemptBy === undefined ? proxy : { ...proxy, exemptBy };
}
