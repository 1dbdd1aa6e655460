import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { onTestFinished } from 'vitest';
import { passOn } from './pass-on.ts';

/** Starts a TLS proxy in front of a relay, until the test ends. Returns the port. */
export async function startTlsFront(
  relay: { port: number },
  tls: SecureContextOptions & TlsOptions,
): Promise<number> {
  const server = createServer(tls, (incoming, answer) => {
    // For a relay with `--trust-proxy 1`: without this header, its lines to paste have http URLs.
    incoming.headers['x-forwarded-proto'] = 'https';
    incoming.headers['x-forwarded-for'] = '127.0.0.1';
    passOn(incoming, answer, relay.port);
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}
