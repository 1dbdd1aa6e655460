/** Parses network addresses for options of `serve`: trusted proxies and addresses to listen on. */
import { isIP } from 'node:net';
import { ConfigError } from './config-error.ts';
import { parseCount } from './parse-values.ts';
import { quote } from '../text/quote.ts';

/** All addresses that share the first `prefix` bits of `address`: 0–32 for IPv4, 0–128 for IPv6. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** The proxies whose `X-Forwarded-For` the relay trusts: the last `hops` proxies, or those in these networks. */
export type TrustedProxies = { readonly hops: number } | { readonly networks: readonly Network[] };

function parseNetwork(text: string): Network {
  const [address = '', prefix, ...rest] = text.trim().split('/');
  const family = isIP(address);
  const longest = family === 4 ? 32 : 128;
  const bits = prefix === undefined ? longest : Number(/^\d{1,3}$/.test(prefix) ? prefix : Number.NaN);
  if (family === 0 || !(bits <= longest) || rest.length > 0) {
    throw new ConfigError(
      `neither a number of proxies nor a network: ${quote(text)}`,
      'write it as 1, or as 10.0.0.0/8,fd00::/8',
    );
  }
  return { address, prefix: bits, family: family === 4 ? 'ipv4' : 'ipv6' };
}

/** `2`, or a comma-separated list of addresses and networks; 0 trusts no proxy. */
export function parseTrustedProxies(text: string): TrustedProxies {
  if (/^\d+$/.test(text.trim())) return { hops: parseCount(text, { max: 16 }) };
  return { networks: text.split(',').map(parseNetwork) };
}

/** `9090`, `0.0.0.0:9090` or `[::1]:9090`; without an address, loopback. */
export function parseListenAddress(text: string): { host: string; port: number } {
  const match = /^(?:(?:\[([0-9a-f:.]+)\]|([^:[\]/\s]+)):)?(\d{1,5})$/i.exec(text.trim());
  if (!match)
    throw new ConfigError(`not an address to listen on: ${quote(text)}`, 'write it as 9090 or 0.0.0.0:9090');
  return { host: match[1] ?? match[2] ?? '127.0.0.1', port: parseCount(match[3] ?? '', { max: 65_535 }) };
}
