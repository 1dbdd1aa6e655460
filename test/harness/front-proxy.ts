import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { CertificateFiles } from './certificate.ts';
import { passOn } from './pass-on.ts';

export type FrontProxy = {
  /** Base URL, the path included. */
  url: string;
  port: number;
  /** The relay behind it, once that has a port. */
  aim: (relay: { port: number }) => void;
  /** Method and path of what came through. */
  requests: string[];
  stop: () => Promise<void>;
};

export type FrontOptions = {
  /** Below which it has the relay, such as `/remotify`: anything else is a page of its own. */
  path?: string;
  /** Takes that path off. */
  strips?: boolean;
  /** With it, it speaks TLS. */
  certificate?: CertificateFiles;
  /** Changes what it passes on. */
  setHeaders?: (headers: IncomingMessage['headers'], front: { port: number }) => void;
};

/** A reverse proxy as people put before a relay, on loopback and a port of its own choosing. */
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
