/** An HTTP proxy before several relays: each request, not each connection, goes to one of them at random. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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

/** As it came, in both directions; a peer that leaves on one side is gone on the other. */
function passOn(incoming: IncomingMessage, answer: ServerResponse, port: number): void {
  const { method, url: path, rawHeaders } = incoming;
  // Each request has a connection of its own: one that the relay closes meanwhile would be a fault that no test asked for.
  const onward = request(
    { host: '127.0.0.1', port, method, path, headers: requestHeaders(rawHeaders), agent: false },
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
  const server = createServer(
    { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 75_000 },
    (incoming, answer) => {
      const which = random.below(ports.length);
      counts[which] = (counts[which] ?? 0) + 1;
      passOn(incoming, answer, ports[which] ?? 0);
    },
  );
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
