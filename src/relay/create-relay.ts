/** A relay: listen, serve, drain. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createAddressReader } from './client-address.ts';
import { BodyBudget } from './body-budget.ts';
import { Connections } from './connections.ts';
import { declaresTooMuch } from './read-body.ts';
import { Exchange } from './exchange.ts';
import { Presence } from './presence.ts';
import { createRateLimit } from './rate-limit.ts';
import type { RelayContext } from './relay-context.ts';
import type { RelayOptions } from './relay-options.ts';
import { routeRequest } from './route-request.ts';
import { Sessions } from './sessions.ts';

/** Limits of node:http, with their reasons. */
const serverOptions = {
  /** Slow headers hold a socket and nothing else; more than this is no client. */
  headersTimeout: 10_000,
  /** One body over a slow link: chunks are 1 MiB. Limits receiving only, never a held poll. */
  requestTimeout: 60_000,
  /** Both are checked this often. */
  connectionsCheckingInterval: 2_000,
  /** Longer than any proxy keeps its side open, so that it never writes into a closing socket. */
  keepAliveTimeout: 75_000,
  /** We say so ourselves, like every other refusal. */
  requireHostHeader: false,
};

/** What an over-long body may still send while the refusal is on its way: a sender cut at once may never read it. */
const drainAfterRefusalMs = 2_000;

/**
 * Connections that the system takes for us until we get to them; it cuts the number to its own limit. Where the queue is full, whoever
 * comes is not heard for a second or more, so that one address that connects again and again would keep all others out.
 */
const mostUnaccepted = 65_535;

/** From the first word to the last: then connections are cut. */
const drainMs = 5_000;

export interface Relay {
  /** Resolves with the local base URL once connections are accepted. */
  listen(): Promise<string>;
  /** Answers whoever waits, finishes what was begun, cuts what hangs, closes the store. */
  close(): Promise<void>;
}

function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** For a request that is no HTTP, too long or too slow. */
function renderNoise(error: Error & { code?: string }): string {
  const statuses: Record<string, string> = {
    HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
    HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
    ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  };
  const status = statuses[error.code ?? ''] ?? '400 Bad Request';
  return `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\nCache-Control: no-store\r\n\r\n`;
}

export function createRelay(options: RelayOptions): Relay {
  const sessions = new Sessions(options);
  const addresses = createAddressReader(options.trustedProxies);
  // All that it may hold, and as many again for what it asks meanwhile.
  const connections = new Connections(2 * options.heldPolls.perAddress);
  const bodies = new BodyBudget(options.maxBodyBytes);
  let bound = '';
  const context: RelayContext = {
    options,
    sessions,
    presence: new Presence(sessions),
    rateLimit: createRateLimit(options.rateLimit),
    slotReads: new Set(),
    bound: () => bound,
  };

  /** Answers that are not begun: when the relay ends, each tells its client not to come back on the same connection. */
  const open = new Set<ServerResponse>();
  let isClosing = false;
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    if (isClosing) response.shouldKeepAlive = false;
    open.add(response);
    response.on('close', () => open.delete(response));
    // Kept here: a request that was cut off has lost its socket by the time that it is asked for.
    const { socket } = request;
    response.on('finish', () => {
      if (request.complete) return;
      request.resume();
      setTimeout(() => {
        if (!request.complete) socket.destroy();
      }, drainAfterRefusalMs).unref();
    });
    const address = addresses.read(request);
    const account = bodies.openAccount(address);
    void routeRequest(new Exchange(request, response, address, account), context);
  };
  const enqueue = (
    request: IncomingMessage,
    response: ServerResponse,
    begin = (): void => undefined,
  ): void => {
    // Errors of either side show as a close, which is what handlers wait for.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const takeTurn = (): void => {
      begin();
      serve(request, response);
    };
    connections.enqueue(request.socket, { request, response, serve: takeTurn });
  };
  const server: Server = createServer(serverOptions, (request, response) => enqueue(request, response));
  // Node would drop what is beyond 1,000 in silence, and with it what the last proxy added; route-request.ts says no instead.
  server.maxHeadersCount = 0;
  server.on('connection', (socket: Socket) => {
    const address = addresses.ofConnection(socket);
    if (address !== null) connections.admit(socket, address);
  });
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    enqueue(request, response, () => {
      // Without the go-ahead, a sender that asks first uploads nothing in vain.
      if (!declaresTooMuch(request, { maxBytes: options.maxBodyBytes })) response.writeContinue();
    });
  });
  // Whatever else is expected is nothing that we would not do anyway.
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    enqueue(request, response);
  });
  server.on('clientError', (error, socket: Socket) => connections.refuse(socket, renderNoise(error)));

  return {
    async listen() {
      await sessions.open();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ port: options.port, host: options.host, backlog: mostUnaccepted }, resolve);
      });
      bound = formatAddress(options.host, (server.address() as AddressInfo).port);
      return `http://${bound}`;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      isClosing = true;
      for (const response of open) response.shouldKeepAlive = false;
      sessions.drain();
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), drainMs);
      await closed;
      clearTimeout(cut);
      await options.store.close();
    },
  };
}
