/** A proxy between relays and Redis: counts commands, loses answers, closes connections, and can switch to another server. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type RedisCommand, RedisRequests } from './redis-requests.ts';

/**
 * What happens to the answer of a command that Redis has run. `arrives`: it is forwarded. `cut`: it is lost, and the connection closed.
 * `silent`: it is lost, as are all later ones on the connection. `late`: it and the later ones arrive after `lateMs`.
 */
export type AnswerFate = 'arrives' | 'cut' | 'silent' | 'late';

/** Less than a relay waits for an answer. */
const lateMs = 800;

export type RedisProxy = {
  port: number;
  /** For relays: `redis://…` with the password of the server, if it has one. */
  url: string;
  /** Sets the server for new connections. */
  aim: (server: { port: number }) => void;
  /** Closes all connections. */
  cut: () => void;
  /** Sets the function that is called for each later command. */
  setFate: (fate: (command: RedisCommand) => AnswerFate) => void;
  /** The number of commands of clients by name, since the last `reset`. Excludes commands that scripts run. */
  counts: () => Record<string, number>;
  /** Bytes from clients to Redis and back, since the last `reset`. */
  bytes: () => { sent: number; received: number };
  reset: () => void;
  /** The number of lost answers. */
  lost: () => number;
  stop: () => Promise<void>;
};

type Tally = { counts: Record<string, number>; sent: number; received: number; lost: number };

/** One connection of a client. */
function forward(
  client: Socket,
  port: number,
  tally: Tally,
  fateOf: (command: RedisCommand) => AnswerFate,
): Socket {
  const server = connect({ port, host: '127.0.0.1', noDelay: true });
  const requests = new RedisRequests();
  let fate: AnswerFate = 'arrives';
  let late: Buffer[] = [];
  const deliver = (): void => {
    client.write(Buffer.concat(late));
    late = [];
    fate = 'arrives';
  };
  client.on('data', (bytes: Buffer) => {
    tally.sent += bytes.length;
    for (const command of requests.read(bytes)) {
      const name = command[0]?.toUpperCase() ?? '';
      tally.counts[name] = (tally.counts[name] ?? 0) + 1;
      if (fate === 'arrives') fate = fateOf(command);
    }
    server.write(bytes);
  });
  server.on('data', (bytes: Buffer) => {
    tally.received += bytes.length;
    if (fate === 'arrives') return void client.write(bytes);
    if (fate === 'late') {
      if (late.length === 0) setTimeout(deliver, lateMs);
      late.push(bytes);
      return;
    }
    tally.lost += 1;
    if (fate === 'cut') client.destroy();
  });
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.on('error', () => {});
    one.on('close', () => other.destroy());
  }
  return server;
}

export async function startRedisProxy(server: { port: number; url?: string }): Promise<RedisProxy> {
  const sockets = new Set<Socket>();
  const tally: Tally = { counts: {}, sent: 0, received: 0, lost: 0 };
  let target = server.port;
  let fateOf: (command: RedisCommand) => AnswerFate = () => 'arrives';
  const listener = createServer({ noDelay: true }, (client) => {
    const onward = forward(client, target, tally, (command) => fateOf(command));
    for (const socket of [client, onward]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const url = new URL(server.url ?? 'redis://127.0.0.1');
  url.port = String(port);
  return {
    port,
    url: url.href,
    aim: (next) => {
      target = next.port;
    },
    cut,
    setFate: (fate) => {
      fateOf = fate;
    },
    counts: () => ({ ...tally.counts }),
    bytes: () => ({ sent: tally.sent, received: tally.received }),
    reset: () => Object.assign(tally, { counts: {}, sent: 0, received: 0 }),
    lost: () => tally.lost,
    stop: async () => {
      const closed = once(listener, 'close');
      listener.close();
      cut();
      await closed;
    },
  };
}
