/** An HTTP proxy before several relays: each request, not each connection, goes to one of them at random. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createRandom } from './random.ts';

export type Splitter = {
  url: string;
  port: number;
  /** The relays; they are started after the splitter, whose address they hand out. */
  aim: (relays: readonly { port: number }[]) => void;
  /** Requests that each relay got, in the order of `aim`. */
  counts: () => number[];
  stop: () => Promise<void>;
};

/** Names and values in turn, without the headers that are about one connection. */
function dropHeaders(rawHeaders: readonly string[], names: RegExp): string[] {
  return rawHeaders.filter((_text, at) => !names.test(rawHeaders[at - (at % 2)] ?? ''));
}

const requestHeaders = (rawHeaders: readonly string[]): string[] =>
  dropHeaders(rawHeaders, /^(connection|keep-alive)$/i);

const answerHeaders = (rawHeaders: readonly string[]): string[] =>
  dropHeaders(rawHeaders, /^(connection|keep-alive|transfer-encoding)$/i);

/** Undefined when nothing listens there. */
async function open(port: number): Promise<Socket | undefined> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  try {
    await once(socket, 'connect');
    return socket;
  } catch {
    return undefined;
  }
}

/** As it came, in both directions; a peer that leaves on one side is gone on the other. */
function passOn(incoming: IncomingMessage, answer: ServerResponse, socket: Socket): void {
  const { method, url: path, rawHeaders } = incoming;
  // Each request has a connection of its own: one that the relay closes meanwhile would be a fault that no test asked for.
  const onward = request(
    { method, path, headers: requestHeaders(rawHeaders), createConnection: () => socket },
    (back) => {
      answer.writeHead(back.statusCode ?? 502, back.statusMessage, answerHeaders(back.rawHeaders));
      answer.flushHeaders();
      back.on('error', () => answer.destroy());
      back.pipe(answer);
    },
  );
  onward.on('error', () => answer.destroy());
  incoming.on('error', () => onward.destroy());
  answer.on('error', () => onward.destroy());
  answer.on('close', () => {
    if (!answer.writableFinished) onward.destroy();
  });
  incoming.pipe(onward);
}

/** The same draws in each run; which request gets which depends on when it comes. */
export async function startSplitter(seed = 20_261): Promise<Splitter> {
  const random = createRandom(seed);
  const counts: number[] = [];
  let ports: number[] = [];
  /** One that is down is passed over, as proxies do: nothing was sent to it. */
  const serve = async (incoming: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const first = random.below(ports.length);
    for (let tried = 0; tried < ports.length; tried += 1) {
      const which = (first + tried) % ports.length;
      const socket = await open(ports[which] ?? 0);
      if (!socket) continue;
      counts[which] = (counts[which] ?? 0) + 1;
      if (answer.destroyed) return void socket.destroy();
      return passOn(incoming, answer, socket);
    }
    answer.destroy();
  };
  const unlimited = { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 75_000 };
  const server = createServer(unlimited, (incoming, answer) => void serve(incoming, answer));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    aim: (relays) => {
      ports = relays.map((relay) => relay.port);
    },
    counts: () => [...counts],
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
