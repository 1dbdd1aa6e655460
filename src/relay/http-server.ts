/** node:http with its limits: connections and their turns, what is no HTTP, and an end that leaves nobody without an answer. */
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

/** From the first word of the end to the last: then connections are cut. */
const drainMs = 5_000;

/** For a request that is no HTTP, too long or too slow. */
function statusOfMalformedRequest({ code = '' }: Error & { code?: string }): string {
  const statuses: Record<string, string> = {
    HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
    HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
    ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  };
  return statuses[code] ?? '400 Bad Request';
}

/** A request on its connection; `begin`: what comes before its answer. */
interface Asked extends Turn {
  readonly socket: Socket;
  readonly begin: (() => void) | undefined;
}

const ignore = (): void => undefined;

export interface Serving {
  /** Answers one request, sooner or later; the next one of its connection comes once the answer is over. */
  serve: (request: IncomingMessage, response: ServerResponse, caller: Caller) => void;
  /** What was no HTTP got this status. */
  refused: (status: number, socket: Socket) => void;
}

export class HttpServer {
  readonly #options: RelayOptions;
  readonly #serving: Serving;
  readonly #addresses: AddressReader;
  readonly #connections: Connections<Asked>;
  readonly #server: Server;
  readonly #scheme: 'http' | 'https';
  /** Also those that node:http does not know of yet, since they have not said a word of TLS. */
  readonly #sockets = new Set<Socket>();
  /** Answers that are not over: when the relay ends, each tells its client not to come back on the same connection. */
  readonly #open = new Set<ServerResponse>();
  #place: Place | undefined;
  /** Its peers have no addresses. */
  #isUnix = false;
  /** From the first word of the end on: what was begun is finished, and nothing new is begun. */
  isClosing = false;

  /** With a certificate it speaks TLS and nothing else. */
  constructor(options: RelayOptions, certificate: Certificate | undefined, serving: Serving) {
    this.#options = options;
    this.#serving = serving;
    this.#addresses = createAddressReader(options.trustedProxies);
    // All that an address may hold, and as many again for what it asks meanwhile.
    this.#connections = new Connections(2 * options.heldPolls.perAddress, (asked) => this.#serve(asked));
    this.#scheme = certificate === undefined ? 'http' : 'https';
    const take = (request: IncomingMessage, response: ServerResponse): void =>
      this.#enqueue(request, response);
    this.#server = certificate?.createServer(serverOptions, take) ?? createServer(serverOptions, take);
    // Node would drop what is beyond 1,000 in silence, and with it what the last proxy added; route-request.ts says no instead.
    this.#server.maxHeadersCount = 0;
    this.#server.once('listening', () => {
      const address = this.#server.address();
      this.#isUnix = address === null || typeof address === 'string';
    });
    this.#server.on('connection', (socket: Socket) => this.#admit(socket));
    this.#server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      this.#enqueue(request, response, () => {
        // Without the go-ahead, a sender that asks first uploads nothing in vain.
        if (!declaresTooMuch(request, { maxBytes: options.maxBodyBytes })) response.writeContinue();
      });
    });
    // Whatever else is expected is nothing that we would not do anyway.
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
    // Kept: a request that is cut off loses its socket.
    const { socket } = request;
    // With TLS it is not the socket that was admitted.
    if (this.#isUnix) markUnixPeer(socket);
    // Errors of either side show as a close, which is what handlers wait for.
    request.on('error', ignore);
    response.on('error', ignore);
    this.#connections.enqueue(socket, { request, response, socket, begin });
  }

  #serve({ request, response, socket, begin }: Asked): void {
    begin?.();
    if (this.isClosing) response.shouldKeepAlive = false;
    this.#open.add(response);
    this.#serving.serve(request, response, this.#addresses.read(request));
    // After those that wait for the end of this answer: what it took is counted before the next one takes anything.
    response.on('close', () => {
      this.#open.delete(response);
      if (!request.complete && response.writableFinished) this.#drain(request, socket);
      this.#connections.next(socket);
    });
  }

  /** Lets through what is left of a body that was refused. */
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
    // A connection that the system could not hand over: the next one may come through.
    this.#server.on('error', (error: Error & { code?: string }) =>
      this.#options.log(`a connection was not taken: ${describeCode(error.code ?? 'unknown')}`),
    );
    return place;
  }

  /** Takes no more connections, lets `answerWaiting` end what is held, finishes what was begun, and cuts what hangs. */
  async close(answerWaiting: () => void): Promise<void> {
    await this.#place?.remove();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.isClosing = true;
    for (const response of this.#open) {
      response.shouldKeepAlive = false;
      // One whose head said otherwise ends its connection unannounced.
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
