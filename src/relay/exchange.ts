/** One request and its response: the part of node:http that handlers use, safe for hostile input. */
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

/**
 * A peer that reads nothing for this long is disconnected; if it has read some of the response, node waits this long
 * again.
 */
const stalledReaderMs = 60_000;

const octetStream: HeaderValues = { 'content-type': 'application/octet-stream' };

/** A body up to this size is copied, to send it together with the head. */
const mergedBytes = 16 * 1024;

export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  /** The client address, from headers that the relay trusts. */
  readonly caller: Caller;
  /** The address that the client used for the relay; set once the host is known to be allowed. */
  outer: OuterAddress = { host: '', scheme: undefined };
  /** The share of this request in the memory for all bodies. */
  readonly account: BodyAccount;
  readonly #commonHeaders: readonly string[];
  readonly #search: string;
  #query: URLSearchParams | undefined;
  /** Callbacks for the end of the response, in this order; undefined once they have run. */
  #endings: (() => void)[] | undefined = [];
  /** For the logs: the route, the full name of the session and the refusal, as far as they are known. */
  route: RouteMatch | undefined;
  session = '';
  refusal: RefusalCode | undefined;
  /** How long the relay held the request as a long poll. */
  heldMs = 0;

  constructor(request: IncomingMessage, response: ServerResponse, caller: Caller, account: BodyAccount) {
    this.request = request;
    this.response = response;
    this.caller = caller;
    this.account = account;
    // Read the socket now: node removes it from a request that is cut off.
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

  /**
   * Runs the callback once the response was written or the peer has disconnected; immediately if that has already
   * happened.
   */
  onEnd(run: () => void): void {
    if (this.#endings) this.#endings.push(run);
    else run();
  }

  /** The response was written, or the peer has disconnected. */
  get isOver(): boolean {
    return this.#endings === undefined;
  }

  /** The peer disconnected before the response was written. */
  get isGone(): boolean {
    return this.response.closed && !this.response.writableFinished;
  }

  get address(): string {
    return this.caller.address;
  }

  /** Parsed on first use: many requests have no query. */
  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#search);
    return this.#query;
  }

  /**
   * Limits how long the peer may take to read. Called once there is a response: until then the peer is waiting for the
   * relay.
   */
  #limitStall(): void {
    this.response.setTimeout(stalledReaderMs, () => this.response.destroy());
  }

  get method(): string {
    return this.request.method ?? '';
  }

  /** The text of a header; empty if absent. */
  header(name: string): string {
    const value = this.request.headers[name];
    return typeof value === 'string' ? value : '';
  }

  /** `?wait=` in milliseconds, limited to what proxies allow; the fallback if it is absent. */
  waitMs(fallback: number): number {
    return Math.min(this.count('wait', fallback / 1000), maxWaitSeconds) * 1000;
  }

  /** A non-negative whole number in the query, or the fallback if it is absent. Throws `bad_parameter`. */
  count(name: string, fallback: number): number {
    const text = this.query.get(name);
    if (text === null) return fallback;
    if (!/^\d{1,15}$/.test(text)) throw new Refusal('bad_parameter', name);
    return Number(text);
  }

  #writeHead(status: number, length: number | undefined, headers: HeaderValues): void {
    // A list of alternate names and values: node uses it as it is, but copies an object first.
    const list: (string | number)[] = this.#commonHeaders.slice();
    if (length !== undefined) list.push('content-length', length);
    for (const name of Object.keys(headers)) {
      const value = headers[name] ?? '';
      // The page has its own content security policy.
      if (commonNames.has(name)) list[list.indexOf(name) + 1] = value;
      else list.push(name, value);
    }
    this.response.writeHead(status, list as string[]);
  }

  /** Resolves once the response is over, with whether this process has written all of it. */
  #written(): Promise<boolean> {
    return new Promise((resolve) => this.onEnd(() => resolve(this.response.writableFinished)));
  }

  /** Resolves with true once this process has written the whole response; with false if the peer disconnected before. */
  send(status: number, headers: HeaderValues, body: Uint8Array | string = ''): Promise<boolean> {
    const { response } = this;
    if (response.headersSent || response.destroyed) return Promise.resolve(false);
    // A 204 has no body, so it must have no Content-Length.
    this.#writeHead(status, status === 204 ? undefined : Buffer.byteLength(body), headers);
    // Node writes a head and a string in one piece, but a head and bytes in two. As latin1, each byte is one character.
    if (typeof body === 'string') response.end(body, 'utf8');
    else if (body.byteLength > mergedBytes) response.end(body);
    else
      response.end(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1'), 'latin1');
    if (response.writableLength > 0) this.#limitStall();
    return this.#written();
  }

  /**
   * Like sendBytes(), for bodies that are too large for memory: waits for a slow reader, stops if it disconnects. One
   * piece at a time is in memory, and counts towards the budget of bodies. Throws `relay_busy` if that is used up.
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
      // Up to one piece is already in memory, and node sends it together with the head.
      if (length <= pieceBytes) response.write(chunk);
      else if (!(await this.#passOn(chunk))) return false;
    }
    response.end();
    return this.#written();
  }

  /**
   * Resolves with true once the kernel has the chunk, so that its memory can be reused; with false if the peer has
   * disconnected.
   */
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

  /** Sends the text of a refusal; of any other error only `internal error`. `status`: overrides the status of the code. */
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

/** A request with a valid key: the name of its session, and its route. */
export interface Admitted {
  readonly exchange: Exchange;
  readonly route: RouteMatch;
  /** The key of the request; empty on `open` routes. */
  readonly key: string;
  readonly listenerKey: string;
  readonly name: string;
}
