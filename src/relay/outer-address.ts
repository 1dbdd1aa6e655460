/** Under which address the client reached the relay, and whether the relay answers for it. */
import { isIP } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { Refusal } from '../protocol/errors.ts';
import type { Caller } from './client-address.ts';
import type { Exchange } from './exchange.ts';
import { forwardingHeaders, readForwarded } from './forwarded.ts';
import {
  dropDefaultPort,
  isAllowedHost,
  isLoopback,
  listAllowedHosts,
  type OuterAddress,
  parseHostName,
} from './public-url.ts';
import { explainHost, ProxyWarnings } from './proxy-warnings.ts';
import type { RelayOptions } from './relay-options.ts';

/** Whether a Host is where the relay itself listens, which no client from elsewhere would ask for. */
function isInner(host: string, { socket }: IncomingMessage, { address }: Caller): boolean {
  const name = parseHostName(host) ?? '';
  const isOwnPort = host.endsWith(`:${socket.localPort}`);
  if (isIP(name) !== 0 && isOwnPort && name === socket.localAddress?.replace(/^::ffff:(?=\d+\.)/, ''))
    return true;
  return isLoopback(name) && (isOwnPort || !isLoopback(address));
}

export class OuterAddresses {
  readonly #options: RelayOptions;
  readonly #allowed: readonly string[];
  /** The last Host that was let in: most requests have the same one. */
  #lastAllowed = '';
  readonly #warnings: ProxyWarnings;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#allowed = listAllowedHosts(options);
    this.#warnings = new ProxyWarnings(options.log);
  }

  #isAllowed(host: string): boolean {
    if (host === this.#lastAllowed) return true;
    const isAllowed = isAllowedHost(host, this.#allowed);
    if (isAllowed) this.#lastAllowed = host;
    return isAllowed;
  }

  /** A forwarded host is checked in place of the Host header, as it is the one that lands in lines to paste. Throws `unknown_host`. */
  read(exchange: Exchange): OuterAddress {
    const outer = this.#believe(exchange);
    if (this.#isAllowed(outer.host)) return outer;
    const name = parseHostName(outer.host);
    if (name !== undefined) this.#warnings.unknownHost(name);
    throw new Refusal('unknown_host', explainHost(name));
  }

  #believe(exchange: Exchange): OuterAddress {
    const { request, caller } = exchange;
    const { publicUrl } = this.#options;
    const host = exchange.header('host');
    if (caller.proxies === 0) {
      if (publicUrl === undefined) this.#warnOfIgnored(exchange);
      return { host, scheme: undefined };
    }
    const said = readForwarded(request.headers, caller.proxies);
    const outer = { host: said.host ?? host, scheme: said.scheme };
    // The lines hold the public URL, so a forwarded host has no effect on them and is no reason to refuse anyone.
    if (publicUrl !== undefined) return this.#isAllowed(outer.host) ? outer : { ...outer, host };
    const isThroughProxy = exchange.header('x-forwarded-for') !== '' || exchange.header('via') !== '';
    if (said.host === undefined && isThroughProxy && isInner(host, request, caller))
      this.#warnings.innerHost(host);
    return outer;
  }

  #warnOfIgnored({ request, address }: Exchange): void {
    for (const name of forwardingHeaders) if (name in request.headers) this.#warnings.ignored(name, address);
  }

  /** Whether the page that a request comes from is the relay's own, under one of its addresses. */
  isOwnOrigin(origin: string, exchange: Exchange): boolean {
    const { publicUrl } = this.#options;
    const [, scheme = '', from = ''] = /^(https?):\/\/(.*)$/i.exec(origin) ?? [];
    const hosts = [exchange.outer.host, ...(publicUrl === undefined ? [] : [new URL(publicUrl).host])];
    // Behind a proxy the relay's scheme may be another one.
    if (hosts.some((host) => from !== '' && dropDefaultPort(host.toLowerCase(), scheme) === from))
      return true;
    if (exchange.header('sec-fetch-site') === 'same-origin')
      this.#warnings.ownPage(origin, exchange.outer.host);
    return false;
  }
}
