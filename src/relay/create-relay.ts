/** A relay: listen, serve, drain. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { renderCommonHeaders } from './answer-headers.ts';
import { createAccessLog } from './access-log.ts';
import { type Answered, describeNoise, WireCounter, watchAnswer } from './answered.ts';
import { createAudit } from './audit.ts';
import { createAddressReader } from './client-address.ts';
import { declaresTooMuch } from './read-body.ts';
import { Exchange } from './exchange.ts';
import { joinLedgers } from './happening.ts';
import { Metrics } from './metrics.ts';
import { createMetricsServer } from './metrics-server.ts';
import { Presence } from './presence.ts';
import { createRateLimit } from './rate-limit.ts';
import { listAllowedHosts } from './public-url.ts';
import type { RelayContext } from './relay-context.ts';
import type { RelayOptions } from './relay-options.ts';
import { routeRequest } from './route-request.ts';
import { Sessions } from './sessions.ts';
import type { Certificate } from './tls.ts';

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
};

/** What an over-long body may still send while the refusal is on its way: a sender cut at once may never read it. */
const drainAfterRefusalMs = 2_000;

/** From the first word to the last: then connections are cut. */
const drainMs = 5_000;

export interface Relay {
  /** Resolves with the local base URL once connections are accepted. */
  listen(): Promise<string>;
  /** Where Prometheus reads, once it listens; undefined when nobody asked for metrics. */
  metricsUrl(): string | undefined;
  /** Answers whoever waits, finishes what was begun, cuts what hangs, closes the store. */
  close(): Promise<void>;
}

function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A request that is no HTTP gets one line and the door. The status, where there was anyone to tell. */
function refuseNoise(error: Error & { code?: string }, socket: Socket): number | undefined {
  if (socket.destroyed || !socket.writable) return undefined;
  const statuses: Record<string, string> = {
    HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
    ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  };
  const status = statuses[error.code ?? ''] ?? '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n${renderCommonHeaders(socket)}\r\n`,
  );
  return Number.parseInt(status, 10);
}

/** With a certificate it speaks TLS and nothing else. */
export function createRelay(options: RelayOptions, certificate?: Certificate): Relay {
  const counted = new Metrics();
  const sessions = new Sessions(options, joinLedgers([createAudit(options), counted]));
  const logAccess = createAccessLog(options);
  const wire = new WireCounter();
  const onAnswered = (answered: Answered): void => {
    logAccess(answered);
    counted.count(answered);
  };
  const readAddress = createAddressReader(options.trustedProxies);
  let local = '';
  let isClosing = false;
  const context: RelayContext = {
    options,
    sessions,
    presence: new Presence(sessions),
    rateLimit: createRateLimit(options.rateLimit),
    slotReads: new Set(),
    local: () => local,
    isDraining: () => isClosing,
  };

  /** Answers that are not begun: when the relay ends, each tells its client not to come back on the same connection. */
  const open = new Set<ServerResponse>();
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    // Errors of either side show as a close, which is what handlers wait for.
    if (isClosing) response.shouldKeepAlive = false;
    open.add(response);
    response.on('close', () => open.delete(response));
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    // Kept here: a request that was cut off has lost its socket by the time that it is asked for.
    const { socket } = request;
    response.on('finish', () => {
      if (request.complete) return;
      request.resume();
      setTimeout(() => {
        if (!request.complete) socket.destroy();
      }, drainAfterRefusalMs).unref();
    });
    const exchange = new Exchange(request, response, readAddress(request));
    watchAnswer(exchange, socket, wire, onAnswered);
    void routeRequest(exchange, context);
  };
  const server: Server =
    certificate?.createServer(serverOptions, serve) ?? createServer(serverOptions, serve);
  /** Also those that node:http does not know of yet, since they have not said a word of TLS. */
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // Without the go-ahead, a sender that asks first uploads nothing in vain.
    if (!declaresTooMuch(request, { maxBytes: options.maxBodyBytes })) response.writeContinue();
    serve(request, response);
  });
  server.on('clientError', (error: Error, socket: Socket) => {
    const status = refuseNoise(error, socket);
    if (status !== undefined) onAnswered(describeNoise(status, socket, wire));
  });
  const metrics =
    options.metrics &&
    createMetricsServer({
      ...options.metrics,
      allowedHosts: listAllowedHosts(options),
      render: async () =>
        counted.render({
          sessions: (await options.store.list()).length,
          listeners: context.presence.size,
          heldPolls: sessions.polls.size,
        }),
    });
  let metricsUrl: string | undefined;

  return {
    async listen() {
      await sessions.open();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(options.port, options.host, resolve);
      });
      const address = formatAddress(options.host, (server.address() as AddressInfo).port);
      local = `${certificate === undefined ? 'http' : 'https'}://${address}`;
      metricsUrl = await metrics?.listen();
      return local;
    },
    metricsUrl: () => metricsUrl,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      isClosing = true;
      for (const response of open) {
        response.shouldKeepAlive = false;
        // One whose head said otherwise ends its connection unannounced.
        const { socket } = response;
        if (response.headersSent) response.once('finish', () => socket?.end());
      }
      sessions.drain();
      server.closeIdleConnections();
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, drainMs);
      await closed;
      clearTimeout(cut);
      await metrics?.close();
      await sessions.settled();
      await options.store.close();
    },
  };
}
