/** What the relay is called from outside. The Host header ends up in lines that people paste: it is never taken on trust. */
import { isIP } from 'node:net';
import type { RelayOptions } from './relay-options.ts';

const hostPattern = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?))(?::(\d{1,5}))?$/;

/** The name in a Host header without its port, or undefined when it is none. */
export function parseHostName(host: string): string | undefined {
  const match = hostPattern.exec(host.toLowerCase());
  if (!match || Number(match[3] ?? 0) > 65_535) return undefined;
  return match[1] ?? match[2];
}

/**
 * Whether to answer for this Host: loopback, an address (a rebinding page has only names), or a name that was allowed.
 * An HTTP/1.0 client that sends none is let in.
 */
export function isAllowedHost(host: string, allowed: readonly string[]): boolean {
  if (host === '') return true;
  const name = parseHostName(host);
  if (name === undefined) return false;
  return name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0 || allowed.includes(name);
}

/** The host names that were named: those that were allowed, and the one of the public URL. */
export function listAllowedHosts({
  allowedHosts,
  publicUrl,
}: Pick<RelayOptions, 'allowedHosts' | 'publicUrl'>): readonly string[] {
  const own = publicUrl === undefined ? undefined : parseHostName(new URL(publicUrl).host);
  return own === undefined ? allowedHosts : [...allowedHosts, own];
}

/** The base of all URLs in an answer, without a slash at its end. `local`: base URL of where the server listens. */
export function chooseBaseUrl(publicUrl: string | undefined, host: string, local: string): string {
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, '');
  if (parseHostName(host) === undefined) return local;
  return `${local.slice(0, local.indexOf(':'))}://${host.toLowerCase()}`;
}
