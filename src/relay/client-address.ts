/** From which address a request comes, seen through the proxies that are trusted. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, type Socket, SocketAddress } from 'node:net';
import type { RelayOptions } from './relay-options.ts';

/** One spelling for each address, without the zone: IPv4 as itself, also where the socket is one of IPv6. */
function normalize(address: string): string {
  const bare = address.replace(/%.*$/s, '');
  if (isIP(bare) !== 6) return bare;
  return new SocketAddress({ address: bare, family: 'ipv6' }).address.replace(/^::ffff:(?=\d+\.)/, '');
}

/** What quotas, rate limits and logs call a peer on a unix socket that names no client. */
const unixAddress = 'unix';

/**
 * The address of each peer, once it was asked for: the same for all requests of a connection. Those on a unix socket are marked: they
 * have none, but a closed TCP socket has none either.
 */
const peers = new WeakMap<Socket, string>();

/** A peer on a unix socket is a trusted proxy, the first one: the mode of the socket says who may connect. */
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

/** Who sent a request, seen through the proxies that are trusted. */
export interface Caller {
  readonly address: string;
  /** How many proxies in a row are trusted, counted from the relay outwards; 0 where the peer itself is not. */
  readonly proxies: number;
}

export interface AddressReader {
  /** Where a request comes from. */
  read(request: IncomingMessage): Caller;
  /** Where a connection comes from; null for a trusted proxy, which speaks for many. */
  ofConnection(socket: Socket): string | null;
}

/**
 * Each proxy adds the address that it saw at the right end of the list, and only what a trusted one added is worth anything:
 * the first address from the right that no trusted proxy has is the client's. What is no address ends the walk where it stands.
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
    // Where proxies are counted, the count holds for the headers that a proxy in the chain did not add to.
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
