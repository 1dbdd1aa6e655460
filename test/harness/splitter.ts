/** An HTTP proxy in front of several relays: sends each request, not each connection, to one of them at random. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createRandom } from './random.ts';

export type Splitter = {
  url: string;
  port: number;
  /** Sets the relays. They start after the splitter, because they need its URL. */
  aim: (relays: readonly { port: number }[]) => void;
  /** The number of requests that each relay got, in the order of `aim`. */
  counts: () => number[];
  stop: () => Promise<void>;
};

/** `rawHeaders` alternates names and values. Drops the headers with these names, which apply to one connection. */
function dropHeaders(rawHeaders: readonly string[], names: RegExp): string[] {
  return rawHeaders.filter((_text, at) => !names.test(rawHeaders[at - (at % 2)] ?? ''));
}

const requestHeaders = (rawHeaders: readonly string[]): string[] =>
  dropHeaders(rawHeaders, /^(connection|keep-alive)$/i);

const answerHeaders = (rawHeaders: readonly string[]): string[] =>
  dropHeaders(rawHeaders, /^(connection|keep-alive|transfer-encoding)$/i);

/** Undefined if no server listens there. */
async function open(port: number): Promise<Socket | undefined> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  try {
    await once(socket, 'connect');
    return socket;
  } catch {
    return undefined;
  }
}

/** Forwards a request and its answer unchanged. If one side disconnects, closes the other too. */
function passOn(incoming: IncomingMessage, answer: ServerResponse, socket: Socket): void {
  const { method, url: path, rawHeaders } = incoming;
  // A new connection for each request: a reused one that the relay closes at that moment would cause an unwanted error.
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

/** The random numbers are the same in each run; the order of the requests decides which one each gets. */
export async function startSplitter(seed = 20_261): Promise<Splitter> {
  const random = createRandom(seed);
  const counts: number[] = [];
  let ports: number[] = [];
  /** Skips a relay that is down, as proxies do: no byte was sent to it. */
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
