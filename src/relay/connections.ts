/** Limits the connections of each address, and serves the requests of one connection one after the other. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { chooseAccount } from '../session/account.ts';

/**
 * Pipelined requests of one connection that wait for the response before theirs. No known client sends any; without a
 * limit, one connection that reads nothing could make the relay keep thousands of requests.
 */
const maxWaiting = 100;

/** After the last error, the peer has this long to read it and close; then the relay cuts the connection. */
const lingerMs = 2_000;

export interface Turn {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** The requests of one connection, in order; the relay is serving the first one. */
interface Line<T> {
  readonly turns: T[];
  /** The error response to send after all other responses: the data after these requests was not HTTP. */
  lastWord?: string;
}

function sayLast(socket: Socket, lastWord: string): void {
  if (socket.destroyed || !socket.writable) return;
  socket.end(lastWord);
  // A half-closed connection still counts, so destroy it.
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

export class Connections<T extends Turn> {
  readonly #maxPerAddress: number;
  readonly #serve: (turn: T) => void;
  readonly #counts = new Map<string, number>();
  readonly #lines = new WeakMap<Socket, Line<T>>();

  /** `serve` begins a response; the caller calls next() when it is over. */
  constructor(maxPerAddress: number, serve: (turn: T) => void) {
    this.#maxPerAddress = maxPerAddress;
    this.#serve = serve;
  }

  /** Counts the connection until it closes, or cuts it if its address has too many. */
  admit(socket: Socket, address: string): void {
    const key = chooseAccount(address);
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#maxPerAddress) {
      socket.destroy();
      return;
    }
    this.#counts.set(key, count + 1);
    socket.once('close', () => {
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    });
  }

  /**
   * Serves the request after the responses to all earlier ones on this connection; never, if the connection is closed
   * by then. So a connection costs one response at a time, and no request of a disconnected peer consumes anything.
   */
  enqueue(socket: Socket, turn: T): void {
    const line = this.#lines.get(socket);
    if (!line) this.#lines.set(socket, { turns: [turn] });
    else if (line.turns.length > maxWaiting) return void socket.destroy();
    else if (line.turns.push(turn) > 1) return;
    this.#serveFirst(socket);
  }

  /** The response to the first request is over, and its resources are released: serves the next one. */
  next(socket: Socket): void {
    this.#lines.get(socket)?.turns.shift();
    this.#serveFirst(socket);
  }

  #serveFirst(socket: Socket): void {
    const line = this.#lines.get(socket);
    const [first] = line?.turns ?? [];
    // A connection that is closing accepts no more responses.
    if (first && socket.writable) return this.#serve(first);
    if (!first && line?.lastWord === undefined) return undefined;
    this.#lines.delete(socket);
    if (line?.lastWord !== undefined) sayLast(socket, line.lastWord);
    return undefined;
  }

  /**
   * The peer sent malformed data, or too slowly: sends the pending responses, then this error, then closes the
   * connection.
   */
  refuse(socket: Socket, lastWord: string): void {
    const line = this.#lines.get(socket);
    const first = line?.turns[0];
    if (!line || !first) return sayLast(socket, lastWord);
    if (first.request.complete) {
      // The last of the other requests may be the malformed one.
      const whole = line.turns.filter(({ request }) => request.complete);
      line.turns.splice(0, line.turns.length, ...whole);
      line.lastWord = lastWord;
    } else if (first.response.headersSent) socket.destroySoon();
    else sayLast(socket, lastWord);
    return undefined;
  }
}
