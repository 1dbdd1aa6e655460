/** The public URL of the relay, and the Host headers that it accepts: the Host ends up in lines that users paste. */
import { isIP } from 'node:net';
import type { RelayOptions } from './relay-options.ts';

/** Allows underscores: no internet name has them, but many names of containers and of nginx upstreams do. */
const hostPattern = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?))(?::(\d{1,5}))?$/;

/** The longest host name (RFC 1035). */
const maxNameLength = 253;

/** The name in a Host header without its port, or undefined if it is not a valid host. */
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
 * Whether the relay accepts this Host: loopback, an IP address (DNS rebinding needs a name), or an allowed name.
 * An empty Host is accepted: an HTTP/1.0 client may send none.
 */
export function isAllowedHost(host: string, allowed: readonly string[]): boolean {
  if (host === '') return true;
  const name = parseHostName(host);
  if (name === undefined) return false;
  return isLoopback(name) || isIP(name) !== 0 || allowed.includes(name);
}

/** The configured host names: allowedHosts and the host of the public URL. */
export function listAllowedHosts({
  allowedHosts,
  publicUrl,
}: Pick<RelayOptions, 'allowedHosts' | 'publicUrl'>): readonly string[] {
  const own = publicUrl === undefined ? undefined : parseHostName(new URL(publicUrl).host);
  return own === undefined ? allowedHosts : [...allowedHosts, own];
}

/** Removes the default port of the scheme: clients leave it out, but some proxies add it. */
export function dropDefaultPort(host: string, scheme: string): string {
  return host.replace(scheme === 'https' ? /:443$/ : /:80$/, '');
}

/** Without slashes at the end; single quotes are encoded, since the lines to paste have URLs in single quotes. */
function trimUrl(url: string): string {
  return url.replace(/\/+$/, '').replaceAll("'", '%27');
}

/** The path of the public URL, without a slash at its end; empty in most setups. */
export function pathPrefix({ publicUrl }: Pick<RelayOptions, 'publicUrl'>): string {
  return publicUrl === undefined ? '' : trimUrl(new URL(publicUrl).pathname);
}

/** The address that the client used for the relay, from headers that the relay trusts. */
export interface OuterAddress {
  /** The text of a Host header. */
  readonly host: string;
  /** Undefined if no trusted proxy sent it; the scheme is then the relay's own. */
  readonly scheme: 'http' | 'https' | undefined;
}

/**
 * The base of all URLs in a response, without a slash at its end. `local`: base URL of the address on which the server
 * listens.
 */
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
