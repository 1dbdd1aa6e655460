/** One request and its answer: what a handler needs of node:http, and nothing that can throw on hostile input. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Refusal, type RefusalCode, refusals } from '../protocol/errors.ts';
import { header } from '../protocol/headers.ts';
import { renderJson } from '../protocol/json-fields.ts';
import { maxWaitSeconds } from '../protocol/limits.ts';
import type { RouteMatch } from '../protocol/routes.ts';
import { commonNames, listCommonHeaders } from './answer-headers.ts';
import type { BodyAccount } from './body-budget.ts';
import type { Caller } from './client-address.ts';
import type { OuterAddress } from './public-url.ts';
import { maxPieceBytes, pieceBytes } from './read-pieces.ts';

export type HeaderValues = Record<string, string | number>;

/** From a peer that takes nothing to the end of its connection; node grants as long again where some of it was taken before. */
const stalledReaderMs = 60_000;

const octetStream: HeaderValues = { 'content-type': 'application/octet-stream' };

/** A body up to this size is copied to be sent together with its head. */
const mergedBytes = 16 * 1024;

export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  /** Where it comes from, as far as that can be trusted. */
  readonly caller: Caller;
  /** How the client addressed the relay; set once its host is known to be an allowed one. */
  outer: OuterAddress = { host: '', scheme: undefined };
  /** What its body takes of the memory for all of them. */
  readonly account: BodyAccount;
  readonly #commonHeaders: readonly string[];
  readonly #search: string;
  #query: URLSearchParams | undefined;
  /** Run in this order when the answer is over; undefined once they ran. */
  #endings: (() => void)[] | undefined = [];
  /** What the logs say of it, as far as it came: which route, whose session by its whole name, which refusal. */
  route: RouteMatch | undefined;
  session = '';
  refusal: RefusalCode | undefined;
  /** How long it was us who let the peer wait. */
  heldMs = 0;

  constructor(request: IncomingMessage, response: ServerResponse, caller: Caller, account: BodyAccount) {
    this.request = request;
    this.response = response;
    this.caller = caller;
    this.account = account;
    // Asked for now: a request that is cut off loses its socket.
    this.#commonHeaders = listCommonHeaders(request.socket);
    const target = request.url ?? '/';
    const mark = target.indexOf('?');
    this.path = mark === -1 ? target : target.slice(0, mark);
    this.#search = mark === -1 ? '' : target.slice(mark + 1);
    response.on('close', () => this.#end());
  }

  #end(): void {
    this.account.close();
    const endings = this.#endings ?? [];
    this.#endings = undefined;
    for (const run of endings) run();
  }

  /** Runs once the answer was written or the peer is gone; at once where that is so already. */
  onEnd(run: () => void): void {
    if (this.#endings) this.#endings.push(run);
    else run();
  }

  /** The answer was written, or the peer is gone. */
  get isOver(): boolean {
    return this.#endings === undefined;
  }

  /** The peer is gone, and its answer was not written. */
  get isGone(): boolean {
    return this.response.closed && !this.response.writableFinished;
  }

  get address(): string {
    return this.caller.address;
  }

  /** Parsed when it is first asked for: many requests have none. */
  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#search);
    return this.#query;
  }

  /** For an answer that the peer has not taken yet: until there is one it is us who let the peer wait. */
  #limitStall(): void {
    this.response.setTimeout(stalledReaderMs, () => this.response.destroy());
  }

  get method(): string {
    return this.request.method ?? '';
  }

  /** One header's text; empty when absent. */
  header(name: string): string {
    const value = this.request.headers[name];
    return typeof value === 'string' ? value : '';
  }

  /** `?wait=` in milliseconds, at most what proxies let pass; the fallback where it is absent. */
  waitMs(fallback: number): number {
    return Math.min(this.count('wait', fallback / 1000), maxWaitSeconds) * 1000;
  }

  /** A non-negative whole number of the query, or the fallback where it is absent. Throws `bad_parameter`. */
  count(name: string, fallback: number): number {
    const text = this.query.get(name);
    if (text === null) return fallback;
    if (!/^\d{1,15}$/.test(text)) throw new Refusal('bad_parameter', name);
    return Number(text);
  }

  #writeHead(status: number, length: number | undefined, headers: HeaderValues): void {
    // Names and values in turn: node goes through such a list as it is, and copies an object first.
    const list: (string | number)[] = this.#commonHeaders.slice();
    if (length !== undefined) list.push('content-length', length);
    for (const name of Object.keys(headers)) {
      const value = headers[name] ?? '';
      // The page has a policy of its own.
      if (commonNames.has(name)) list[list.indexOf(name) + 1] = value;
      else list.push(name, value);
    }
    this.response.writeHead(status, list as string[]);
  }

  /** Resolves once the answer is over: whether it has left this process whole. */
  #written(): Promise<boolean> {
    return new Promise((resolve) => this.onEnd(() => resolve(this.response.writableFinished)));
  }

  /** Resolves once the answer has left this process whole; false when the peer was gone before. */
  send(status: number, headers: HeaderValues, body: Uint8Array | string = ''): Promise<boolean> {
    const { response } = this;
    if (response.headersSent || response.destroyed) return Promise.resolve(false);
    // 204 has no body, and so no length.
    this.#writeHead(status, status === 204 ? undefined : Buffer.byteLength(body), headers);
    // Node writes a head and text in one piece, a head and bytes in two: one byte is one character of latin1.
    if (typeof body === 'string') response.end(body, 'utf8');
    else if (body.byteLength > mergedBytes) response.end(body);
    else
      response.end(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1'), 'latin1');
    if (response.writableLength > 0) this.#limitStall();
    return this.#written();
  }

  /**
   * Like sendBytes(), for what is too large to be held at once: waits for a slow reader, gives up on one that is gone. One piece at a
   * time is in memory, and counts like a body. Throws `relay_busy` where there is no room for it.
   */
  async sendChunks(
    length: number,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    headers: HeaderValues = {},
  ): Promise<boolean> {
    const { response } = this;
    if (response.headersSent || response.destroyed) return false;
    this.account.take(Math.min(length, maxPieceBytes));
    this.#limitStall();
    this.#writeHead(200, length, { ...octetStream, ...headers });
    for await (const chunk of chunks) {
      if (this.isGone) return false;
      // So few bytes were read already, and leave together with the head.
      if (length <= pieceBytes) response.write(chunk);
      else if (!(await this.#passOn(chunk))) return false;
    }
    response.end();
    return this.#written();
  }

  /** Whether the kernel has all of it, so that its memory may hold the next one; false once the peer is gone. */
  #passOn(chunk: Uint8Array): Promise<boolean> {
    const { response } = this;
    return new Promise((resolve) => {
      const giveUp = (): void => resolve(false);
      response.on('close', giveUp);
      response.write(chunk, (error) => {
        response.off('close', giveUp);
        resolve(!error);
      });
    });
  }

  sendJson(status: number, value: unknown, headers: HeaderValues = {}): Promise<boolean> {
    return this.send(status, { 'content-type': 'application/json', ...headers }, renderJson(value));
  }

  sendText(status: number, text: string, headers: HeaderValues = {}): Promise<boolean> {
    return this.send(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }, `${text}\n`);
  }

  sendBytes(bytes: Uint8Array, headers: HeaderValues = {}): Promise<boolean> {
    return this.send(200, { ...octetStream, ...headers }, bytes);
  }

  sendNothing(headers: HeaderValues = {}): Promise<boolean> {
    return this.send(204, headers);
  }

  /** A refusal in words; whatever else was thrown stays in the relay. `status`: where it is not that of the code. */
  sendRefusal(error: unknown, status?: number): Promise<boolean> {
    const refusal = error instanceof Refusal ? error : undefined;
    const code = refusal?.code ?? 'internal';
    this.refusal = code;
    return this.sendText(status ?? refusals[code].status, refusal?.message ?? refusals.internal.text, {
      [header.error]: code,
      ...refusal?.headers,
    });
  }
}

/** A request that was let in: its session by name, and what the path says. */
export interface Admitted {
  readonly exchange: Exchange;
  readonly route: RouteMatch;
  /** The key as it was given; only `open` routes have none. */
  readonly key: string;
  readonly listenerKey: string;
  readonly name: string;
}
