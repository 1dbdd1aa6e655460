import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { passOn } from './pass-on.ts';

export type ForwardProxy = {
  /** For `http_proxy` and the like. */
  url: string;
  port: number;
  /** The requests that it got: `GET http://host/path` or `CONNECT host:443`. */
  requests: string[];
  /** Closes all connections, as a proxy closes idle ones. */
  cut: () => void;
  stop: () => Promise<void>;
};

export type ForwardProxyOptions = {
  /** The `user:password` that it requires; it answers other requests with 407. */
  login?: string;
  /** The authentication scheme that it offers; Basic by default. */
  scheme?: string;
  /** The status that it answers with, instead of forwarding the request. */
  refuse?: number;
  /** If given, clients connect to it over TLS, and its URL is `https:`. */
  tls?: { key: Buffer; cert: Buffer };
};

/**
 * Starts a forward proxy for `http_proxy`, for requests with an absolute URL and for CONNECT. It forwards requests for all
 * hosts to this port on loopback.
 */
export async function startForwardProxy(
  port: number,
  { login, scheme = 'Basic realm=proxy', refuse, tls }: ForwardProxyOptions = {},
): Promise<ForwardProxy> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
  /** The status of a refusal, or undefined. */
  const judge = ({ headers }: IncomingMessage): number | undefined =>
    wanted !== undefined && headers['proxy-authorization'] !== wanted ? 407 : refuse;
  const serve: RequestListener = (incoming, answer) => {
    const { method = '', url = '' } = incoming;
    requests.push(`${method} ${url}`);
    const status = judge(incoming);
    if (status !== undefined)
      return void answer
        .writeHead(status, { 'Proxy-Authenticate': scheme })
        .end('<html>not through me</html>\n');
    if (!URL.canParse(url)) return void answer.writeHead(400).end('not through me\n');
    delete incoming.headers['proxy-authorization'];
    const { pathname, search } = new URL(url);
    passOn(incoming, answer, port, pathname + search);
  };
  const server: Server = tls ? createTlsServer(tls, serve) : createServer(serve);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    requests.push(`CONNECT ${incoming.url}`);
    const status = judge(incoming);
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} No\r\nProxy-Authenticate: ${scheme}\r\nContent-Length: 3\r\n\r\nno\n`);
      return;
    }
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const [one, other] of [
      [onward, socket],
      [socket, onward],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const ownPort = (server.address() as AddressInfo).port;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${ownPort}`,
    port: ownPort,
    requests,
    cut,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}
