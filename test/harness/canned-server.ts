import { createServer, type Socket } from 'node:net';

export type CannedServer = {
  url: string;
  /** Request lines, in order: `POST /api/session HTTP/1.1`. */
  requests: string[];
  close: () => Promise<void>;
};

/** Starts a server that answers each request with these bytes and closes the connection. */
export async function startCannedServer(answer: string | Uint8Array): Promise<CannedServer> {
  const requests: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => {});
    let head = '';
    socket.on('data', (bytes) => {
      const known = head.includes('\r\n\r\n');
      head += bytes.toString('latin1');
      if (known || !head.includes('\r\n\r\n')) return;
      requests.push(head.split('\r\n')[0] ?? '');
      socket.end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    close: () => {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Renders an HTTP answer with its Content-Length. */
export function renderAnswer(
  status: string,
  body: string | Uint8Array,
  headers: readonly string[] = [],
): Buffer {
  const bytes = Buffer.from(body);
  const head = [`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${bytes.length}`, 'Connection: close'];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
}

/** A port without a server. */
export async function findClosedPort(): Promise<number> {
  const server = await startCannedServer('');
  await server.close();
  return Number(new URL(server.url).port);
}
