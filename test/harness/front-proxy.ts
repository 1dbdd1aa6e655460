import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { CertificateFiles } from './certificate.ts';
import { passOn } from './pass-on.ts';

export type FrontProxy = {
  /** The base URL, with the path. */
  url: string;
  port: number;
  /** Sets the relay behind it, once the relay has a port. */
  aim: (relay: { port: number }) => void;
  /** Method and path of each forwarded request. */
  requests: string[];
  stop: () => Promise<void>;
};

export type FrontOptions = {
  /** The path of the relay, such as `/remotify`. Other paths get a 404 of another service. */
  path?: string;
  /** Removes that path from forwarded requests. */
  strips?: boolean;
  /** If given, it speaks TLS. */
  certificate?: CertificateFiles;
  /** Changes the headers of forwarded requests. */
  setHeaders?: (headers: IncomingMessage['headers'], front: { port: number }) => void;
};

/** Starts a reverse proxy in front of a relay, on a free loopback port. */
export async function startFrontProxy(options: FrontOptions = {}): Promise<FrontProxy> {
  const { path = '', strips = false, certificate, setHeaders } = options;
  const requests: string[] = [];
  let onwardPort = 0;
  let port = 0;
  const serve = (incoming: IncomingMessage, answer: ServerResponse): void => {
    const target = incoming.url ?? '/';
    const rest = target.slice(path.length);
    if (!target.startsWith(path) || !/^([/?]|$)/.test(rest))
      return void answer.writeHead(404).end('a page of another service\n');
    requests.push(`${incoming.method} ${target.replace(/\?.*/, '')}`);
    setHeaders?.(incoming.headers, { port });
    passOn(incoming, answer, onwardPort, strips ? rest.replace(/^(?!\/)/, '/') : target);
  };
  const server = certificate
    ? createSecureServer(
        { cert: await readFile(certificate.certPath), key: await readFile(certificate.keyPath) },
        serve,
      )
    : createServer(serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  return {
    url: `${certificate ? 'https' : 'http'}://localhost:${port}${path}`,
    port,
    aim: (relay) => {
      onwardPort = relay.port;
    },
    requests,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
