/** One method per route. No printing, no retries: the caller decides how long to retry. */
import type { noSignal, Signal } from '../protocol/command-states.ts';
import {
  type AnyCommandView,
  type CancelAnswer,
  type CommandView,
  parseAnyCommandList,
  parseCancelAnswer,
  parseCommandView,
} from '../protocol/command-view.ts';
import { header } from '../protocol/headers.ts';
import { selfKey } from '../protocol/keys.ts';
import { answerGraceMs, maxWaitSeconds } from '../protocol/limits.ts';
import { buildPath } from '../protocol/paths.ts';
import type { RouteName } from '../protocol/routes.ts';
import { parseSessionPayload, type SessionPayload } from '../protocol/session-payload.ts';
import { parseStatusPayload, type StatusPayload } from '../protocol/status-payload.ts';
import { checkAnswer, expectStatus, goneError, parseAnswer } from './check-answer.ts';
import type { HttpAnswer, HttpRequest, HttpSender } from './http.ts';
import { type OutputPart, parseOutputPart } from './parse-output.ts';

export interface PushOptions {
  idempotencyKey: string;
  /** stderr into stdout, in order. */
  merge?: boolean;
  /** Input follows through sendStdin(). */
  stdin?: boolean;
  /** Limit of the run; 0 for none. */
  timeoutSeconds?: number;
  /** How long it may wait for its turn. */
  queueSeconds?: number;
  /** The client's name, as the operator reads it. */
  client?: string;
}

/** Where a reader of both streams is. */
export interface ReadFrom {
  stdout: number;
  stderr: number;
}

export interface Call extends Partial<Omit<HttpRequest, 'path' | 'timeoutMs'>> {
  id?: string;
  query?: Record<string, string | number | undefined>;
  waitSeconds?: number;
}

export class RelayClient {
  readonly #http: HttpSender;
  readonly #key: string;
  /** A legacy relay knows keys in paths only; a remotify relay keeps them out of logs. */
  readonly #keyInPath: boolean;

  constructor(http: HttpSender, key = '', keyInPath = false) {
    this.#http = http;
    this.#key = key;
    this.#keyInPath = keyInPath;
  }

  get baseUrl(): string {
    return this.#http.baseUrl;
  }

  /** For the routes that most clients do not use. Throws for an answer that is no success. */
  async send(
    route: RouteName,
    { id = '', query = {}, waitSeconds = 0, ...rest }: Call = {},
  ): Promise<HttpAnswer> {
    const values = { key: this.#keyInPath ? this.#key : selfKey, id };
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) search.set(name, String(value));
    if (waitSeconds > 0) search.set('wait', String(Math.min(waitSeconds, maxWaitSeconds)));
    const headers = { ...rest.headers };
    if (this.#key !== '' && !this.#keyInPath) headers['authorization'] = `Bearer ${this.#key}`;
    const answer = await this.#http.send({
      method: 'GET',
      ...rest,
      path: buildPath(route, values) + (search.size > 0 ? `?${search.toString()}` : ''),
      headers,
      timeoutMs: waitSeconds * 1000 + answerGraceMs,
    });
    return checkAnswer(answer, this.baseUrl);
  }

  parse<T>(answer: HttpAnswer, parse: (value: unknown) => T | undefined): T {
    return parseAnswer(answer, parse, this.baseUrl);
  }

  async createSession(token?: string): Promise<SessionPayload> {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return this.parse(await this.send('sessions', { method: 'POST', headers }), parseSessionPayload);
  }

  async readSession(): Promise<SessionPayload> {
    return this.parse(await this.send('session'), parseSessionPayload);
  }

  /** Throws `gone` where there was no such session: the relay answers 204 all the same, and says so in a header. */
  async endSession(): Promise<void> {
    const answer = await this.send('session', { method: 'DELETE' });
    if (answer.headers[header.error] === 'gone') throw goneError(this.baseUrl);
    expectStatus(204, answer, this.baseUrl);
  }

  /** With `after`, held until the session's revision is beyond it. */
  async readStatus(
    poll: { after?: number; waitSeconds?: number; signal?: AbortSignal } = {},
  ): Promise<StatusPayload> {
    const { after, ...rest } = poll;
    return this.parse(await this.send('status', { ...rest, query: { after } }), parseStatusPayload);
  }

  async pushCommand(script: Uint8Array, options: PushOptions, signal?: AbortSignal): Promise<CommandView> {
    const query = {
      merge: options.merge ? 1 : undefined,
      stdin: options.stdin ? 1 : undefined,
      timeout: options.timeoutSeconds,
      expires: options.queueSeconds,
    };
    const named = options.client === undefined ? {} : { [header.client]: options.client };
    const headers = { [header.idempotencyKey]: options.idempotencyKey, ...named };
    const answer = await this.send('commands', {
      method: 'POST',
      query,
      headers,
      body: script,
      signal,
    });
    return this.parse(answer, parseCommandView);
  }

  /** Input from an offset; `end` says that nothing follows. */
  async sendStdin(
    id: string,
    offset: number,
    bytes: Uint8Array,
    end: boolean,
    signal?: AbortSignal,
  ): Promise<void> {
    const query = { offset, end: end ? 1 : undefined };
    await this.send('stdin', { id, method: 'PUT', query, body: bytes, signal });
  }

  /** Also commands in states that only a newer relay knows. */
  async listAnyCommands(signal: AbortSignal): Promise<AnyCommandView[]> {
    return this.parse(await this.send('commands', { signal }), parseAnyCommandList);
  }

  async readCommand(
    id: string,
    poll: { state?: string | undefined; waitSeconds?: number; signal?: AbortSignal | undefined } = {},
  ): Promise<CommandView> {
    const { state, ...rest } = poll;
    return this.parse(await this.send('command', { ...rest, id, query: { state } }), parseCommandView);
  }

  /** `none` cancels a command that has not started, and leaves a running one alone. */
  async cancelCommand(id: string, signal: Signal | typeof noSignal): Promise<CancelAnswer> {
    return this.parse(
      await this.send('command', { id, method: 'DELETE', query: { signal } }),
      parseCancelAnswer,
    );
  }

  /** Both streams from where the reader is, `limit` bytes in all at most. Held until there is more, the command ended, or its state is not `state`. */
  async readOutput(
    id: string,
    from: ReadFrom,
    poll: {
      state?: string | undefined;
      waitSeconds?: number;
      signal?: AbortSignal | undefined;
      limit?: number;
    } = {},
  ): Promise<OutputPart> {
    const { state, limit, ...rest } = poll;
    const answer = await this.send('output', { ...rest, id, query: { ...from, state, limit } });
    return parseOutputPart(answer, this.baseUrl);
  }
}
