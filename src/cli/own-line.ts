/** Builds the line to paste without any text from the relay: an MCP host shows the line as the tool's own text. */
import { readLineAddress } from '../client/line-address.ts';
import type { Dialect } from '../client/open-session.ts';
import { quoteForShell } from '../protocol/quote-for-shell.ts';
import { buildPath } from '../protocol/paths.ts';

/** Longer text is not an address. */
const maxAddressChars = 200;

export interface LineSource {
  key: string;
  /** The address that this client uses. */
  url: string;
  dialect: Dialect;
  /** The line as it was stored, or as the relay sent it. */
  quickstart: string;
}

export interface OwnLine {
  quickstart: string;
  /** The address in the line of the relay, untrusted; undefined if it is `url`. */
  relayAddress: string | undefined;
}

/** Whether `remotify new --pin` stored this line: all of it but the two hashes can be rendered again. */
async function isPinned(quickstart: string, url: string): Promise<boolean> {
  const hashes = /\^\(([0-9a-f]{64})\|([0-9a-f]{64})\) /.exec(quickstart);
  const { renderPinnedLine } = await import('./pin-line.ts');
  return ['supervised', 'auto'].some(
    (mode) => quickstart === renderPinnedLine(`${url}?mode=${mode}`, hashes?.[1] ?? '', hashes?.[2] ?? ''),
  );
}

export async function buildOwnLine({ key, url, dialect, quickstart }: LineSource): Promise<OwnLine> {
  const address = readLineAddress(quickstart)?.slice(0, maxAddressChars);
  const relayAddress = address === url ? undefined : address;
  if (dialect === 'slots') {
    const runner = quoteForShell(url + buildPath('runner', { key }));
    return { quickstart: `curl -fsSL ${runner} | bash`, relayAddress };
  }
  const { deriveListenerKey } = await import('../protocol/key-derivation.ts');
  const listenerKey = deriveListenerKey(key);
  if (
    quickstart.startsWith('(') &&
    (await isPinned(quickstart, url + buildPath('runner', { key: listenerKey })))
  )
    return { quickstart, relayAddress: undefined };
  const { renderQuickstart } = await import('../relay/session-lines.ts');
  return { quickstart: renderQuickstart(url.replaceAll("'", '%27'), listenerKey), relayAddress };
}
