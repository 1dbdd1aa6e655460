/** Finds the address that the client used for the relay, from Host and proxy headers, and checks that it is allowed. */
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

/** Whether a Host is the address on which the relay itself listens, which no client on another machine would send. */
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
  /** The last allowed Host, cached since most requests have the same one. */
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

  /** Checks a forwarded host instead of the Host header, since the lines to paste contain it. Throws `unknown_host`. */
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
    // The lines to paste contain the public URL. A forwarded host has no effect on them, so it is no reason to refuse a
    // request.
    if (publicUrl !== undefined) return this.#isAllowed(outer.host) ? outer : { ...outer, host };
    const isThroughProxy = exchange.header('x-forwarded-for') !== '' || exchange.header('via') !== '';
    if (said.host === undefined && isThroughProxy && isInner(host, request, caller))
      this.#warnings.innerHost(host);
    return outer;
  }

  #warnOfIgnored({ request, address }: Exchange): void {
    for (const name of forwardingHeaders) if (name in request.headers) this.#warnings.ignored(name, address);
  }

  /** Whether the Origin of a request is the relay itself, under one of its addresses. */
  isOwnOrigin(origin: string, exchange: Exchange): boolean {
    const { publicUrl } = this.#options;
    const [, scheme = '', from = ''] = /^(https?):\/\/(.*)$/i.exec(origin) ?? [];
    const hosts = [exchange.outer.host, ...(publicUrl === undefined ? [] : [new URL(publicUrl).host])];
    // Behind a proxy, the scheme of the page may differ from that of the relay, so only the hosts are compared.
    if (hosts.some((host) => from !== '' && dropDefaultPort(host.toLowerCase(), scheme) === from))
      return true;
    if (exchange.header('sec-fetch-site') === 'same-origin')
      this.#warnings.ownPage(origin, exchange.outer.host);
    return false;
  }
}
