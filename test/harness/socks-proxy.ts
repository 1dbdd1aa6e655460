import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type SocksProxy = {
  /** `127.0.0.1:PORT`, for a URL of any SOCKS scheme. */
  place: string;
  /** The requested targets: `host:port`, or `address:port`. */
  requests: string[];
  stop: () => Promise<void>;
};

/** Reads `length` bytes. */
async function readBytes(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(length) as Buffer | null;
    if (bytes) return bytes;
    await once(socket, 'readable');
  }
}

/** Starts a SOCKS5 proxy that connects every request to this port on loopback. `reply`: the code of RFC 1928 that it answers with. */
export async function startSocksProxy(
  port: number,
  { login, reply = 0 }: { login?: string; reply?: number } = {},
): Promise<SocksProxy> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const serve = async (socket: Socket): Promise<void> => {
    const [, count = 0] = await readBytes(socket, 2);
    const methods = await readBytes(socket, count);
    const method = login === undefined ? 0 : 2;
    if (!methods.includes(method)) return void socket.end(Buffer.from([5, 0xff]));
    socket.write(Buffer.from([5, method]));
    if (login !== undefined) {
      const [, userLength = 0] = await readBytes(socket, 2);
      const user = (await readBytes(socket, userLength)).toString();
      const [passwordLength = 0] = await readBytes(socket, 1);
      const password = (await readBytes(socket, passwordLength)).toString();
      const isRight = `${user}:${password}` === login;
      socket.write(Buffer.from([1, isRight ? 0 : 1]));
      if (!isRight) return void socket.end();
    }
    const [, , , kind] = await readBytes(socket, 4);
    const length = kind === 3 ? ((await readBytes(socket, 1))[0] ?? 0) : kind === 4 ? 16 : 4;
    const address = await readBytes(socket, length);
    const wanted = (await readBytes(socket, 2)).readUInt16BE();
    requests.push(`${kind === 3 ? address.toString() : [...address].join('.')}:${wanted}`);
    socket.write(Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]));
    if (reply !== 0) return void socket.end();
    const onward = connect(port, '127.0.0.1');
    onward.on('error', () => {});
    onward.on('close', () => socket.destroy());
    socket.on('close', () => onward.destroy());
    onward.pipe(socket).pipe(onward);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    void serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    place: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
