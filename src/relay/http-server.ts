/** The HTTP server: timeouts, connection limits, one request per connection at a time, malformed requests, shutdown. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describeCode } from '../store/error-code.ts';
import { renderCommonHeaders } from './answer-headers.ts';
import { type AddressReader, type Caller, createAddressReader, markUnixPeer } from './client-address.ts';
import { Connections, type Turn } from './connections.ts';
import { declaresTooMuch } from './read-body.ts';
import type { RelayOptions } from './relay-options.ts';
import { type Place, startListening } from './start-listening.ts';
import type { Certificate } from './tls.ts';

/** Limits of node:http, with their reasons. */
const serverOptions = {
  /** Slow headers hold only a socket; a client that needs longer is not a real one. */
  headersTimeout: 10_000,
  /** Enough for one body of 1 MiB over a slow link. It limits only receiving, never a held poll. */
  requestTimeout: 60_000,
  /** How often node checks these two timeouts. */
  connectionsCheckingInterval: 2_000,
  /** Longer than any proxy keeps an idle connection open, so that no proxy writes into a closing socket. */
  keepAliveTimeout: 75_000,
  /** The relay checks the Host itself, to send its own refusal. */
  requireHostHeader: false,
};

/**
 * After a refusal, the relay reads and discards the rest of a body this long: a client cut immediately may never read
 * the refusal.
 */
const drainAfterRefusalMs = 2_000;

/** The time for requests in flight during a shutdown; then the relay cuts all connections. */
const drainMs = 5_000;

/** The status for a request that is malformed, too long or too slow. */
function statusOfMalformedRequest({ code = '' }: Error & { code?: string }): string {
  const statuses: Record<string, string> = {
    HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
    HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
    ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  };
  return statuses[code] ?? '400 Bad Request';
}

/** A request on its connection; `begin` runs before the response. */
interface Asked extends Turn {
  readonly socket: Socket;
  readonly begin: (() => void) | undefined;
}

const ignore = (): void => undefined;

export interface Serving {
  /** Answers one request, now or later; the next one on its connection is served once the response is over. */
  serve: (request: IncomingMessage, response: ServerResponse, caller: Caller) => void;
  /** Called when the server sent this status to a malformed request. */
  refused: (status: number, socket: Socket) => void;
}

export class HttpServer {
  readonly #options: RelayOptions;
  readonly #serving: Serving;
  readonly #addresses: AddressReader;
  readonly #connections: Connections<Asked>;
  readonly #server: Server;
  readonly #scheme: 'http' | 'https';
  /** All sockets, also those that have not completed the TLS handshake, which node:http does not know yet. */
  readonly #sockets = new Set<Socket>();
  /** Responses that are not over: at a shutdown each tells its client not to reuse the connection. */
  readonly #open = new Set<ServerResponse>();
  #place: Place | undefined;
  /** The server listens on a unix socket, whose peers have no addresses. */
  #isUnix = false;
  /** True once the shutdown has begun: the server accepts no new connections and finishes the requests in flight. */
  isClosing = false;

  /** With a certificate, the server accepts only TLS. */
  constructor(options: RelayOptions, certificate: Certificate | undefined, serving: Serving) {
    this.#options = options;
    this.#serving = serving;
    this.#addresses = createAddressReader(options.trustedProxies);
    // One connection for each long poll that an address may hold, and as many again for its other requests.
    this.#connections = new Connections(2 * options.heldPolls.perAddress, (asked) => this.#serve(asked));
    this.#scheme = certificate === undefined ? 'http' : 'https';
    const take = (request: IncomingMessage, response: ServerResponse): void =>
      this.#enqueue(request, response);
    this.#server = certificate?.createServer(serverOptions, take) ?? createServer(serverOptions, take);
    // Node would silently drop headers beyond 1,000, including those of the last proxy; route-request.ts refuses such a
    // request.
    this.#server.maxHeadersCount = 0;
    this.#server.once('listening', () => {
      const address = this.#server.address();
      this.#isUnix = address === null || typeof address === 'string';
    });
    this.#server.on('connection', (socket: Socket) => this.#admit(socket));
    this.#server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      this.#enqueue(request, response, () => {
        // Without a 100 Continue, the client does not upload a body that the relay would refuse.
        if (!declaresTooMuch(request, { maxBytes: options.maxBodyBytes })) response.writeContinue();
      });
    });
    // Serve requests with any other Expect header normally.
    this.#server.on('checkExpectation', take);
    this.#server.on('clientError', (error: Error, socket: Socket) => this.#refuse(error, socket));
  }

  #admit(socket: Socket): void {
    this.#sockets.add(socket);
    if (this.#isUnix) markUnixPeer(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    const address = this.#addresses.ofConnection(socket);
    if (address !== null) this.#connections.admit(socket, address);
  }

  #enqueue(request: IncomingMessage, response: ServerResponse, begin?: () => void): void {
    // Keep the socket: node removes it from a request that is cut off.
    const { socket } = request;
    // With TLS this is another object than the socket in #admit.
    if (this.#isUnix) markUnixPeer(socket);
    // Handlers wait for `close`, which follows an error of either side.
    request.on('error', ignore);
    response.on('error', ignore);
    this.#connections.enqueue(socket, { request, response, socket, begin });
  }

  #serve({ request, response, socket, begin }: Asked): void {
    begin?.();
    if (this.isClosing) response.shouldKeepAlive = false;
    this.#open.add(response);
    this.#serving.serve(request, response, this.#addresses.read(request));
    // Registered after the other `close` handlers of this response, so that it releases its resources before the next
    // request starts.
    response.on('close', () => {
      this.#open.delete(response);
      if (!request.complete && response.writableFinished) this.#drain(request, socket);
      this.#connections.next(socket);
    });
  }

  /** Reads and discards the rest of a refused body. */
  #drain(request: IncomingMessage, socket: Socket): void {
    request.resume();
    setTimeout(() => {
      if (!request.complete) socket.destroy();
    }, drainAfterRefusalMs).unref();
  }

  #refuse(error: Error, socket: Socket): void {
    if (socket.destroyed || !socket.writable) return;
    const status = statusOfMalformedRequest(error);
    const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n`;
    this.#connections.refuse(socket, `${head}${renderCommonHeaders(socket)}\r\n`);
    this.#serving.refused(Number.parseInt(status, 10), socket);
  }

  /** Resolves once connections are accepted. Throws SocketUnusable, or the system's error for a port. */
  async listen(): Promise<Place> {
    const place = await startListening(this.#server, this.#options, this.#scheme);
    this.#place = place;
    this.#server.removeAllListeners('error');
    // The system could not accept a connection, for example without a free descriptor: the next one may succeed.
    this.#server.on('error', (error: Error & { code?: string }) =>
      this.#options.log(`cannot accept a connection: ${describeCode(error.code ?? 'unknown')}`),
    );
    return place;
  }

  /**
   * Accepts no more connections, calls `answerWaiting` to end held polls, finishes requests in flight, then cuts what
   * is left.
   */
  async close(answerWaiting: () => void): Promise<void> {
    await this.#place?.remove();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.isClosing = true;
    for (const response of this.#open) {
      response.shouldKeepAlive = false;
      // If the head was already sent without `Connection: close`, close the connection after the response.
      const { socket } = response;
      if (response.headersSent) response.once('finish', () => socket?.end());
    }
    answerWaiting();
    this.#server.closeIdleConnections();
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, drainMs);
    await closed;
    clearTimeout(cut);
  }
}
