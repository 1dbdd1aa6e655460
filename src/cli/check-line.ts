/** Compares the address in the line to paste, which the relay chose, with the address that this client uses. */
import { isWeakerLine, readLineAddress } from '../client/line-address.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { Failure } from './failure.ts';

const isLoopback = (url: string): boolean =>
  /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);

/**
 * Throws a Failure for a line that would send the key unencrypted. Another address is only noted: the remote may reach the relay
 * under another name than this client. The line cannot be corrected here, since the script that it fetches has the same address.
 */
export async function checkLine({ printer }: Context, quickstart: string, usedUrl: string): Promise<void> {
  const address = readLineAddress(quickstart);
  if (address === undefined || address === usedUrl) return;
  if (isWeakerLine(quickstart, usedUrl)) {
    throw new Failure(
      `${usedUrl} hands out a line with ${address}: the key would cross the network unencrypted`,
      `its operator can fix that: \`remotify serve --public-url ${usedUrl}\`, or --trust-proxy 1 and a proxy that sends X-Forwarded-Proto`,
      exitCodes.trouble,
      'unsafe_line',
    );
  }
  await printer.note(
    isLoopback(address) && !isLoopback(usedUrl)
      ? `the line points at ${address}, which works only on the relay's own machine; its operator can fix that with --public-url ${usedUrl}`
      : `the line points at ${address}, not at ${usedUrl}: the remote must be able to reach it`,
  );
}
