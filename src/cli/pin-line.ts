/** The line to paste for a relay run by others: it carries the hash of this client's own script, and runs no other one. */
import { createHash } from 'node:crypto';
import { quoteForShell } from '../protocol/quote-for-shell.ts';
import { buildPath } from '../protocol/routes.ts';
import type { SessionPayload } from '../protocol/session-payload.ts';
import { renderRunner } from '../runner/render-runner.ts';
import type { Context } from './context.ts';
import { Failure } from './failure.ts';

type Mode = 'supervised' | 'auto';

const fetchTimeoutMs = 15_000;

/** Needs curl, bash, mktemp, rm, grep, and one of sha256sum and shasum. */
function renderLine(url: string, sha256: string): string {
  const scheme = url.startsWith('https:') ? 'https' : 'http';
  return [
    `(f=$(mktemp) || exit 1; trap 'rm -f "$f"' EXIT;`,
    `curl -fsS --proto '=${scheme}' -o "$f" ${quoteForShell(url)} || exit 1;`,
    `{ sha256sum "$f" 2>/dev/null || shasum -a 256 "$f"; } | grep -q '^${sha256} ' ||`,
    `{ echo 'remotify: error: this is not the script that was pinned' >&2; exit 1; }; bash "$f")`,
  ].join(' ');
}

/** Throws a Failure when the relay hands out another script than this client has: its line would never run. */
export async function pinLine(context: Context, payload: SessionPayload, mode: Mode): Promise<string> {
  const { listener_key: listenerKey, remote_quickstart: line } = payload;
  const base = /https?:\/\/[^'"\s]+(?=\/r\/[0-9a-f]{32})/.exec(line)?.[0];
  if (listenerKey === undefined || base === undefined) {
    throw new Failure(
      'this relay cannot be pinned: it is of the original kind',
      'leave --pin out, or use a relay of ours: `remotify serve`',
    );
  }
  const own = renderRunner({ url: base, listenerKey, mode });
  const path = `${buildPath('runner', { key: listenerKey })}?mode=${mode}`;
  const http = await context.http(context.url());
  const { body } = await http.send({ method: 'GET', path, timeoutMs: fetchTimeoutMs });
  if (!body.equals(Buffer.from(own))) {
    throw new Failure(
      `the script of ${http.baseUrl} is not the one of remotify ${context.version}: its line would not run`,
      'ask for a relay of the same version, or read the script and leave --pin out',
    );
  }
  return renderLine(base + path, createHash('sha256').update(own).digest('hex'));
}
