/** Renders the shell lines that users paste, and the session payload that contains them. */
import { deriveListenerKey } from '../protocol/key-derivation.ts';
import { buildPath } from '../protocol/paths.ts';
import { quoteForShell } from '../protocol/quote-for-shell.ts';
import { features, type SessionPayload } from '../protocol/session-payload.ts';

/**
 * A shell line that needs curl and a POSIX shell: it pushes COMMAND, polls through 204s and restarts of the relay,
 * prints the result, and exits with a non-zero status on any other response. It keeps the result in a temporary file,
 * since a variable would lose NULs.
 */
function renderExecLine(commandUrl: string, resultUrl: string): string {
  return [
    `(f=$(mktemp) || exit 1; trap 'rm -f "$f"' EXIT;`,
    // COMMAND is on stdin: --data-raw needs curl 7.43, and --data-binary takes a command that begins with @ for a file
    // name.
    `printf %s 'COMMAND' | curl -q -fsS -g -o "$f" --data-binary @- ${quoteForShell(commandUrl)} || exit 1;`,
    `while :; do c=$(curl -q -sS -g -o "$f" -w '%{http_code}' ${quoteForShell(resultUrl)});`,
    'case $c in 200) cat "$f"; exit 0;; 204) ;; 000|5??) sleep 1;; *) cat "$f" >&2; exit 1;; esac; done)',
  ].join(' ');
}

/**
 * The line to paste on the remote. It follows redirects, as it always did, but only within the relay's own scheme. -q:
 * curl ignores ~/.curlrc, as in the script. -g: braces in a URL are not a pattern.
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
