/** What the relay is called from outside. The Host header ends up in lines that people paste: it is never taken on trust. */
import { isIP } from 'node:net';
import type { RelayOptions } from './relay-options.ts';

/** An underscore is in no name of the internet, but in many of containers and of nginx upstreams. */
const hostPattern = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?))(?::(\d{1,5}))?$/;

/** What a host name may be long (RFC 1035). */
const maxNameLength = 253;

/** The name in a Host header without its port, or undefined when it is none. */
export function parseHostName(host: string): string | undefined {
  const [, address, name, port = '0'] = hostPattern.exec(host.toLowerCase()) ?? [];
  if (Number(port) > 65_535) return undefined;
  if (address !== undefined) return isIP(address) === 6 ? address : undefined;
  return name !== undefined && name.length <= maxNameLength ? name : undefined;
}

export function isLoopback(name: string): boolean {
  return (
    name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.\d+){3}$/.test(name)
  );
}

/**
 * Whether to answer for this Host: loopback, an address (a rebinding page has only names), or a name that was allowed.
 * An HTTP/1.0 client that sends none is let in.
 */
export function isAllowedHost(host: string, allowed: readonly string[]): boolean {
  if (host === '') return true;
  const name = parseHostName(host);
  if (name === undefined) return false;
  return isLoopback(name) || isIP(name) !== 0 || allowed.includes(name);
}

/** The host names that were named: those that were allowed, and the one of the public URL. */
export function listAllowedHosts({
  allowedHosts,
  publicUrl,
}: Pick<RelayOptions, 'allowedHosts' | 'publicUrl'>): readonly string[] {
  const own = publicUrl === undefined ? undefined : parseHostName(new URL(publicUrl).host);
  return own === undefined ? allowedHosts : [...allowedHosts, own];
}

/** Clients leave out the port that belongs to the scheme; some proxies add it. */
export function dropDefaultPort(host: string, scheme: string): string {
  return host.replace(scheme === 'https' ? /:443$/ : /:80$/, '');
}

/** Lines to paste have URLs in single quotes. */
function trimUrl(url: string): string {
  return url.replace(/\/+$/, '').replaceAll("'", '%27');
}

/** The path below which the public URL has the relay, without a slash at its end; empty for most. */
export function pathPrefix({ publicUrl }: Pick<RelayOptions, 'publicUrl'>): string {
  return publicUrl === undefined ? '' : trimUrl(new URL(publicUrl).pathname);
}

/** How the client addressed the relay, as far as that can be believed. */
export interface OuterAddress {
  /** A Host header's text. */
  readonly host: string;
  /** Undefined where no trusted proxy said it: then it is the relay's own. */
  readonly scheme: 'http' | 'https' | undefined;
}

/** The base of all URLs in an answer, without a slash at its end. `local`: base URL of where the server listens. */
export function chooseBaseUrl(
  publicUrl: string | undefined,
  { host, scheme }: OuterAddress,
  local: string,
): string {
  if (publicUrl !== undefined) return trimUrl(publicUrl);
  if (parseHostName(host) === undefined) return local;
  const outer = scheme ?? local.slice(0, local.indexOf(':'));
  return `${outer}://${dropDefaultPort(host.toLowerCase(), outer)}`;
}
