/** Reads the scheme and host that the client used from `X-Forwarded-Proto` and `X-Forwarded-Host` of trusted proxies. */
import type { IncomingHttpHeaders } from 'node:http';
import type { OuterAddress } from './public-url.ts';
import { parseHostName } from './public-url.ts';

export const forwardingHeaders = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'] as const;

/**
 * Each proxy adds a value at the right end, as with X-Forwarded-For, so the value of the outermost of n trusted proxies
 * is the n-th from the right. Many proxies replace the value instead: then there are fewer values, and the first one is
 * that of the outermost proxy.
 */
function pick(value: string | string[] | undefined, proxies: number): string {
  const values = String(value ?? '').split(',');
  return values.at(-Math.min(proxies, values.length))?.trim() ?? '';
}

/** The scheme and host, each only if present and well-formed. */
export function readForwarded(headers: IncomingHttpHeaders, proxies: number): Partial<OuterAddress> {
  const scheme = pick(headers['x-forwarded-proto'], proxies).toLowerCase();
  const host = pick(headers['x-forwarded-host'], proxies);
  return {
    ...((scheme === 'http' || scheme === 'https') && { scheme }),
    ...(parseHostName(host) !== undefined && { host }),
  };
}
