/** The lines that people paste, and the payload that carries them. */
import { deriveListenerKey } from '../protocol/key-derivation.ts';
import { buildPath } from '../protocol/paths.ts';
import { quoteForShell } from '../protocol/quote-for-shell.ts';
import { features, type SessionPayload } from '../protocol/session-payload.ts';

/**
 * A recipe that needs curl and a POSIX shell: it pushes COMMAND, waits through 204s and a relay that restarts, prints the result
 * and ends non-zero on anything else. Bytes go through a temporary file of its own, since a variable would lose NULs.
 */
function renderExecLine(commandUrl: string, resultUrl: string): string {
  return [
    `(f=$(mktemp) || exit 1; trap 'rm -f "$f"' EXIT;`,
    // By its input: --data-raw needs curl 7.43, and --data-binary would take a command that begins with @ for the name of a file.
    `printf %s 'COMMAND' | curl -q -fsS -g -o "$f" --data-binary @- ${quoteForShell(commandUrl)} || exit 1;`,
    `while :; do c=$(curl -q -sS -g -o "$f" -w '%{http_code}' ${quoteForShell(resultUrl)});`,
    'case $c in 200) cat "$f"; exit 0;; 204) ;; 000|5??) sleep 1;; *) cat "$f" >&2; exit 1;; esac; done)',
  ].join(' ');
}

/**
 * Follows redirects, as it always did, but none that leaves the relay's own scheme. -q: like the script, it does not obey ~/.curlrc.
 * -g: braces in an address are no pattern.
 */
export function renderQuickstart(baseUrl: string, listenerKey: string): string {
  const scheme = baseUrl.startsWith('https:') ? 'https' : 'http';
  const address = baseUrl + buildPath('runner', { key: listenerKey });
  return `curl -q -fsSL -g --proto '=${scheme}' ${quoteForShell(address)} | bash`;
}

export function renderSessionPayload(
  key: string,
  baseUrl: string,
  { ttlMs, version }: { ttlMs: number; version: string },
): SessionPayload {
  const listenerKey = deriveListenerKey(key);
  const urls = {
    cmd: baseUrl + buildPath('slotCommand', { key }),
    result: baseUrl + buildPath('slotResult', { key }),
    runner: baseUrl + buildPath('runner', { key }),
    api: baseUrl + buildPath('session', { key }),
  };
  return {
    key,
    ttl_seconds: Math.floor(ttlMs / 1000),
    urls,
    remote_quickstart: renderQuickstart(baseUrl, listenerKey),
    exec: renderExecLine(urls.cmd, urls.result),
    version,
    features: [...features],
    listener_key: listenerKey,
  };
}
