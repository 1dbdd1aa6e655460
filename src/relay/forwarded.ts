/** What trusted proxies say of the address that the client used: `X-Forwarded-Proto` and `X-Forwarded-Host`. */
import type { IncomingHttpHeaders } from 'node:http';
import type { OuterAddress } from './public-url.ts';
import { parseHostName } from './public-url.ts';

export const forwardingHeaders = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'] as const;

/**
 * Each proxy adds at the right end, as with X-Forwarded-For, so what the outermost of `proxies` trusted ones saw is as far from the
 * right. Many replace the value: then there are fewer, and the first one is theirs.
 */
function pick(value: string | string[] | undefined, proxies: number): string {
  const values = String(value ?? '').split(',');
  return values.at(-Math.min(proxies, values.length))?.trim() ?? '';
}

/** Leaves out what is missing or malformed. */
export function readForwarded(headers: IncomingHttpHeaders, proxies: number): Partial<OuterAddress> {
  const scheme = pick(headers['x-forwarded-proto'], proxies).toLowerCase();
  const host = pick(headers['x-forwarded-host'], proxies);
  return {
    ...((scheme === 'http' || scheme === 'https') && { scheme }),
    ...(parseHostName(host) !== undefined && { host }),
  };
}
