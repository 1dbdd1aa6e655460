/** The lines to paste for one session. All but `supervised` and `auto` hold the session key. */
import { isWeakerLine } from '../client/line-address.ts';
import { buildPath } from '../protocol/paths.ts';
import { addAutoMode, type SessionPayload } from '../protocol/session-payload.ts';
import { quoteWord } from '../text/quote-word.ts';

export const lineNames = ['supervised', 'auto', 'exec', 'cli', 'mcp', 'key'] as const;
export type LineName = (typeof lineNames)[number];

/** The address by which the relay wants to be called, which may be another one than that of the page. */
function findAddress({ urls, key }: SessionPayload): string | undefined {
  const path = buildPath('session', { key });
  return urls.api.endsWith(path) ? urls.api.slice(0, -path.length) : undefined;
}

/** A line is empty where it cannot be built. */
export function buildLines(payload: SessionPayload, pageUrl: string): Readonly<Record<LineName, string>> {
  const { key } = payload;
  // The relay's lines would send the key unencrypted, while the page came encrypted.
  const isUnsafe = isWeakerLine(payload.remote_quickstart, pageUrl);
  const [supervised, exec] = isUnsafe ? ['', ''] : [payload.remote_quickstart, payload.exec];
  const relay = (isUnsafe ? undefined : findAddress(payload)) ?? pageUrl;
  const auto = addAutoMode(supervised);
  const server = { command: 'remotify', args: ['mcp'], env: { REMOTIFY_URL: relay, REMOTIFY_KEY: key } };
  return {
    supervised,
    // A line that has no place for the mode would be the supervised one.
    auto: auto === supervised ? '' : auto,
    exec,
    cli: `export REMOTIFY_KEY=${key}\nremotify exec --url ${quoteWord(relay)} 'COMMAND'`,
    mcp: JSON.stringify({ mcpServers: { remotify: server } }, null, 2),
    key,
  };
}
