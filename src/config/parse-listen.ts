/** Parses the address that a relay listens on: a port, an address and a port, or a unix socket. */
import { ConfigError } from './config-error.ts';
import { parseListenAddress } from './parse-networks.ts';
import { quote } from '../text/quote.ts';

export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

const hint = 'write it as unix:/run/remotify.sock, 0.0.0.0:8080 or 8080';

/** `unix:/path`, `0.0.0.0:8080`, `[::1]:8080` or `8080`; a port alone is on loopback. */
export function parseListen(text: string): ListenAddress {
  const unix = /^unix:(.*)$/s.exec(text);
  if (!unix) {
    try {
      return parseListenAddress(text);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new ConfigError(error.message, hint);
    }
  }
  // Accept the URL form too: unix:///run/remotify.sock.
  const path = (unix[1] ?? '').replace(/^\/\/(?=\/)/, '');
  if (path === '' || path.endsWith('/') || /(?:^|\/)\.\.?$/.test(path) || path.includes('\0'))
    throw new ConfigError(`not the path of a socket: ${quote(text)}`, hint);
  if (path.startsWith('@'))
    throw new ConfigError(`an abstract socket is open to every user: ${quote(text)}`, hint);
  if (path.startsWith('//'))
    throw new ConfigError(`a unix socket cannot be on another machine: ${quote(text)}`, hint);
  return { path };
}

/** Permissions in octal, `660` or `0660`. */
export function parseSocketMode(text: string): number {
  const mode = /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : undefined;
  if (mode === undefined)
    throw new ConfigError(`not permissions in octal: ${quote(text)}`, 'write it as 0660');
  if ((mode & 0o600) !== 0o600)
    throw new ConfigError(
      `with these permissions not even its owner can connect: ${quote(text)}`,
      'write it as 0660 or 0600',
    );
  return mode;
}
