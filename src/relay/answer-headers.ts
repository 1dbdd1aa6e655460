/** The headers of every response: names in lower case and short values, since each poll carries them. */
import packageJson from '../../package.json' with { type: 'json' };
import { header } from '../protocol/headers.ts';

/**
 * No other site may use or frame a response; no sniffing, no caching. No `Access-Control-*` headers: no other page may
 * read a response.
 */
const plainHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  [header.version]: packageJson.version,
};

/** HSTS for a year, only if the relay itself uses TLS: behind a proxy, HSTS is the proxy's decision. */
const secureHeaders: Readonly<Record<string, string>> = {
  ...plainHeaders,
  'strict-transport-security': 'max-age=31536000',
};

/** Names and values alternately. */
const plainList: readonly string[] = Object.entries(plainHeaders).flat();
const secureList: readonly string[] = Object.entries(secureHeaders).flat();

/** Names of these headers; a handler's header with the same name replaces the one here. */
export const commonNames: ReadonlySet<string> = new Set(Object.keys(secureHeaders));

/** The common headers of responses on this socket: names and values alternately. */
export function listCommonHeaders(socket: object): readonly string[] {
  return 'encrypted' in socket ? secureList : plainList;
}

/** The same as text lines, for the response to a malformed request. */
export function renderCommonHeaders(socket: object): string {
  return Object.entries('encrypted' in socket ? secureHeaders : plainHeaders)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}
