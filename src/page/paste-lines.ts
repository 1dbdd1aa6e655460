/** Builds the lines to paste for one session. All except `supervised` and `auto` contain the session key. */
import { isWeakerLine } from '../client/line-address.ts';
import { buildPath } from '../protocol/paths.ts';
import { addAutoMode, type SessionPayload } from '../protocol/session-payload.ts';
import { quoteWord } from '../text/quote-word.ts';

export const lineNames = ['supervised', 'auto', 'exec', 'cli', 'mcp', 'key'] as const;
export type LineName = (typeof lineNames)[number];

/** The relay's public address, which may differ from the address of the page. */
function findAddress({ urls, key }: SessionPayload): string | undefined {
  const path = buildPath('session', { key });
  return urls.api.endsWith(path) ? urls.api.slice(0, -path.length) : undefined;
}

/** A line that cannot be built is empty. */
export function buildLines(payload: SessionPayload, pageUrl: string): Readonly<Record<LineName, string>> {
  const { key } = payload;
  // The page was loaded over HTTPS, but the relay's lines would send the key unencrypted.
  const isUnsafe = isWeakerLine(payload.remote_quickstart, pageUrl);
  const [supervised, exec] = isUnsafe ? ['', ''] : [payload.remote_quickstart, payload.exec];
  const relay = (isUnsafe ? undefined : findAddress(payload)) ?? pageUrl;
  const auto = addAutoMode(supervised);
  const server = { command: 'remotify', args: ['mcp'], env: { REMOTIFY_URL: relay, REMOTIFY_KEY: key } };
  return {
    supervised,
    // If addAutoMode() cannot add the mode, it returns the supervised line: do not offer that as the auto line.
    auto: auto === supervised ? '' : auto,
    exec,
    cli: `export REMOTIFY_KEY=${key}\nremotify exec --url ${quoteWord(relay)} 'COMMAND'`,
    mcp: JSON.stringify({ mcpServers: { remotify: server } }, null, 2),
    key,
  };
}
