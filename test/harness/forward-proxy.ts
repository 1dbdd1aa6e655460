import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { passOn } from './pass-on.ts';

export type ForwardProxy = {
  /** For `http_proxy` and the like. */
  url: string;
  /** What it was asked for: `GET http://host/path` or `CONNECT host:443`. */
  requests: string[];
  stop: () => Promise<void>;
};

/**
 * The only way out of a closed network, as `http_proxy` names it: whatever host it is asked for, by an absolute URL or by CONNECT,
 * it goes to this port on loopback.
 */
export async function startForwardProxy(port: number): Promise<ForwardProxy> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, answer) => {
    const { method = '', url = '' } = incoming;
    requests.push(`${method} ${url}`);
    if (!URL.canParse(url)) return void answer.writeHead(400).end('not through me\n');
    const { pathname, search } = new URL(url);
    passOn(incoming, answer, port, pathname + search);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('connect', ({ url }: IncomingMessage, socket: Socket) => {
    requests.push(`CONNECT ${url}`);
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
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
