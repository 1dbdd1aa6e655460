/** What one connection may ask at once, and how many of them an address may have. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { chooseAccount } from '../session/account.ts';

/**
 * Requests that wait for the answer to the one before. Nothing that we know of sends a second one ahead; without an end to
 * it, one connection that reads nothing could make the relay keep thousands of answers.
 */
const maxWaiting = 100;

/** What is sent to a peer that no longer listens is given so long; then the connection is cut. */
const lingerMs = 2_000;

export interface Turn {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** The first is being served. */
interface Line<T> {
  readonly turns: T[];
  /** What is said once all of them are answered: nothing that follows was HTTP. */
  lastWord?: string;
}

function sayLast(socket: Socket, lastWord: string): void {
  if (socket.destroyed || !socket.writable) return;
  socket.end(lastWord);
  // Half of a connection is one as well.
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

export class Connections<T extends Turn> {
  readonly #maxPerAddress: number;
  readonly #serve: (turn: T) => void;
  readonly #counts = new Map<string, number>();
  readonly #lines = new WeakMap<Socket, Line<T>>();

  /** `serve` begins an answer; the caller says when it is over. */
  constructor(maxPerAddress: number, serve: (turn: T) => void) {
    this.#maxPerAddress = maxPerAddress;
    this.#serve = serve;
  }

  /** Counts it until it is closed, or cuts it where its address has too many. */
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
   * Serves it now, or once all that was asked before on this connection is answered; never, when the connection is gone by
   * then. So a connection costs no more than one answer, and nothing is taken out for a peer that is not there.
   */
  enqueue(socket: Socket, turn: T): void {
    const line = this.#lines.get(socket);
    if (!line) this.#lines.set(socket, { turns: [turn] });
    else if (line.turns.length > maxWaiting) return void socket.destroy();
    else if (line.turns.push(turn) > 1) return;
    this.#serveFirst(socket);
  }

  /** The answer to the first of this connection is over, and what it took is free again. */
  next(socket: Socket): void {
    this.#lines.get(socket)?.turns.shift();
    this.#serveFirst(socket);
  }

  #serveFirst(socket: Socket): void {
    const line = this.#lines.get(socket);
    const [first] = line?.turns ?? [];
    // One that is being closed takes no more answers.
    if (first && socket.writable) return this.#serve(first);
    if (!first && line?.lastWord === undefined) return undefined;
    this.#lines.delete(socket);
    if (line?.lastWord !== undefined) sayLast(socket, line.lastWord);
    return undefined;
  }

  /** The peer is not understood, or too slow: it gets one more word, behind the answers that it is owed, and the door. */
  refuse(socket: Socket, lastWord: string): void {
    const line = this.#lines.get(socket);
    const first = line?.turns[0];
    if (!line || !first) return sayLast(socket, lastWord);
    if (first.request.complete) {
      // Of the others the last may be the one that was not understood.
      const whole = line.turns.filter(({ request }) => request.complete);
      line.turns.splice(0, line.turns.length, ...whole);
      line.lastWord = lastWord;
    } else if (first.response.headersSent) socket.destroySoon();
    else sayLast(socket, lastWord);
    return undefined;
  }
}
