/** Renders the line of `new --pin`, for a relay run by others: it runs only a script with the hash of this client's own. */
import { createHash } from 'node:crypto';
import { quoteForShell } from '../protocol/quote-for-shell.ts';
import { buildPath } from '../protocol/paths.ts';
import type { SessionPayload } from '../protocol/session-payload.ts';
import { endedScript } from '../runner/ended-script.ts';
import { renderRunner } from '../runner/render-runner.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { Failure } from './failure.ts';
import { keyDigits } from '../protocol/keys.ts';

type Mode = 'supervised' | 'auto';

const fetchTimeoutMs = 15_000;

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Needs curl, bash, mktemp, rm, grep, and one of sha256sum and shasum. Also runs the script that reports the end of the session. */
export function renderPinnedLine(url: string, scriptHash: string, endedHash: string): string {
  const scheme = url.startsWith('https:') ? 'https' : 'http';
  return [
    `(f=$(mktemp) || exit 1; trap 'rm -f "$f"' EXIT;`,
    `curl -q -fsS -g --proto '=${scheme}' -o "$f" ${quoteForShell(url)} || exit 1;`,
    `{ sha256sum "$f" 2>/dev/null || shasum -a 256 "$f"; } | grep -Eq '^(${scriptHash}|${endedHash}) ' ||`,
    `{ echo 'remotify: error: not the pinned script: the relay has another version, or the script was changed' >&2; exit 1; };`,
    'bash "$f")',
  ].join(' ');
}

const claimedAddress = new RegExp(`https?://[\\w.:[\\]/~%-]{1,200}(?=/r/${keyDigits})`);

/** Throws a Failure if the script of the relay differs from that of this client: the line would refuse to run it. */
export async function pinLine(context: Context, payload: SessionPayload, mode: Mode): Promise<string> {
  const { listener_key: listenerKey, remote_quickstart: line } = payload;
  const claimed = claimedAddress.exec(line)?.[0];
  if (listenerKey === undefined || claimed === undefined) {
    throw new Failure(
      'this relay cannot be pinned: it is a legacy relay',
      'leave --pin out, or use a remotify relay: `remotify serve`',
      exitCodes.trouble,
      'not_supported',
    );
  }
  const http = await context.http(context.url());
  const { baseUrl } = http;
  // The line uses the address that this client was given, never one that only the relay claims.
  if (claimed !== baseUrl) {
    throw new Failure(
      `cannot pin: the relay at ${baseUrl} calls itself ${claimed}`,
      'if both are the same relay, give that address with --url, or leave --pin out',
      exitCodes.trouble,
      'cannot_pin',
    );
  }
  const own = renderRunner({ url: baseUrl, listenerKey, mode });
  const path = `${buildPath('runner', { key: listenerKey })}?mode=${mode}`;
  const { body } = await http.send({ method: 'GET', path, timeoutMs: fetchTimeoutMs });
  if (!Buffer.from(own).equals(body)) {
    throw new Failure(
      `the script of ${baseUrl} differs from that of remotify ${context.version}: the pinned line would not run it`,
      'use a relay of the same version, or read the script and leave --pin out',
      exitCodes.trouble,
      'cannot_pin',
    );
  }
  return renderPinnedLine(baseUrl + path, hash(own), hash(endedScript));
}
