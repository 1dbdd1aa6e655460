/** What every answer carries: names in lower case, values short, since each poll pays for them. */
import packageJson from '../../package.json' with { type: 'json' };
import { header } from '../protocol/headers.ts';

/** Nothing here is for another site, to be framed, guessed at or kept. No `Access-Control-*` at all: no other page reads an answer. */
const plainHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  [header.version]: packageJson.version,
};

/** A year. Only where it is us who speak TLS: behind a proxy it is the proxy's to promise. */
const secureHeaders: Readonly<Record<string, string>> = {
  ...plainHeaders,
  'strict-transport-security': 'max-age=31536000',
};

/** Names and values in turn. */
const plainList: readonly string[] = Object.entries(plainHeaders).flat();
const secureList: readonly string[] = Object.entries(secureHeaders).flat();

/** Names that an answer's own headers may have too, and then in place of these. */
export const commonNames: ReadonlySet<string> = new Set(Object.keys(secureHeaders));

/** What every answer on this socket carries: names and values in turn. */
export function listCommonHeaders(socket: object): readonly string[] {
  return 'encrypted' in socket ? secureList : plainList;
}

/** The same as lines, for an answer to what was no HTTP. */
export function renderCommonHeaders(socket: object): string {
  return Object.entries('encrypted' in socket ? secureHeaders : plainHeaders)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}
