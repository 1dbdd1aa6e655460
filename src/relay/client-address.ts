/** Finds the client address of a request, behind the trusted proxies. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, type Socket, SocketAddress } from 'node:net';
import type { RelayOptions } from './relay-options.ts';

/** One spelling for each address, without the zone; an IPv4 address as itself, also on an IPv6 socket. */
function normalize(address: string): string {
  const bare = address.replace(/%.*$/s, '');
  if (isIP(bare) !== 6) return bare;
  return new SocketAddress({ address: bare, family: 'ipv6' }).address.replace(/^::ffff:(?=\d+\.)/, '');
}

/** The address, in quotas, rate limits and logs, of a peer on a unix socket that forwards no client address. */
const unixAddress = 'unix';

/**
 * Caches the address of each peer, which is the same for all requests of a connection. Peers on a unix socket are
 * marked here: they have no address, and neither has a closed TCP socket.
 */
const peers = new WeakMap<Socket, string>();

/** A peer on a unix socket counts as the first trusted proxy: the mode of the socket controls who can connect. */
export function markUnixPeer(socket: Socket): void {
  peers.set(socket, unixAddress);
}

function readPeer(socket: Socket): string {
  const known = peers.get(socket);
  if (known !== undefined) return known;
  const address = normalize(socket.remoteAddress ?? '');
  if (address !== '') peers.set(socket, address);
  return address;
}

/** An address of `X-Forwarded-For`, with or without a port; undefined for anything else. */
function parseForwarded(text: string): string | undefined {
  const word = text.trim();
  const bare =
    /^\[([0-9a-f:.]+)\](?::\d+)?$/i.exec(word)?.[1] ?? /^([\d.]+)(?::\d+)?$/.exec(word)?.[1] ?? word;
  return isIP(bare) === 0 ? undefined : normalize(bare);
}

/** The sender of a request, behind the trusted proxies. */
export interface Caller {
  readonly address: string;
  /** How many proxies in a row are trusted, counted from the relay outwards; 0 if the peer itself is not trusted. */
  readonly proxies: number;
}

export interface AddressReader {
  /** The sender of a request. */
  read(request: IncomingMessage): Caller;
  /** The address of a connection; null for a trusted proxy, which connects for many clients. */
  ofConnection(socket: Socket): string | null;
}

/**
 * Each proxy adds the address of its peer at the right end of X-Forwarded-For, and only entries of trusted proxies are
 * reliable: the first address from the right that is not a trusted proxy is the client's. The search ends at an entry
 * that is not an address.
 */
export function createAddressReader(trusted: RelayOptions['trustedProxies']): AddressReader {
  const networks = new BlockList();
  if ('networks' in trusted) {
    for (const { address, prefix, family } of trusted.networks) networks.addSubnet(address, prefix, family);
  }
  const isTrusted = (address: string, hops: number): boolean => {
    if (address === unixAddress) return true;
    if ('hops' in trusted) return hops < trusted.hops;
    if (trusted.networks.length === 0) return false;
    return isIP(address) !== 0 && networks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  };

  const read = ({ socket, headers }: IncomingMessage): Caller => {
    let address = readPeer(socket);
    if (!isTrusted(address, 0)) return { address, proxies: 0 };
    const nearest = address === unixAddress ? 1 : 0;
    const said = headers['x-forwarded-for'];
    const chain = (Array.isArray(said) ? said.join(',') : (said ?? '')).split(',');
    let proxies = 0;
    while (isTrusted(address, proxies)) {
      proxies += 1;
      const before = parseForwarded(chain.pop() ?? '');
      if (before === undefined) break;
      address = before;
    }
    // With a number of trusted proxies, that number also applies to headers to which a proxy in the chain added nothing.
    return { address, proxies: 'hops' in trusted ? Math.max(trusted.hops, nearest) : proxies };
  };

  return {
    ofConnection(socket) {
      const address = readPeer(socket);
      return isTrusted(address, 0) ? null : address;
    },
    read,
  };
}
