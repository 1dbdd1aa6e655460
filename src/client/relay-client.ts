/** Client of the relay's HTTP API: one method per route. Prints nothing and retries nothing: that is up to the caller. */
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
  /** Merges stderr into stdout, in order. */
  merge?: boolean;
  /** Input follows through sendStdin(). */
  stdin?: boolean;
  /** How long the command may run; 0 for no limit. */
  timeoutSeconds?: number;
  /** How long the command may be queued. */
  queueSeconds?: number;
  /** The client's name, which the operator sees. */
  client?: string;
}

/** The offsets that a reader of both streams has reached. */
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
  /** A legacy relay accepts keys in paths only. A remotify relay accepts them in a header, which keeps them out of logs. */
  readonly #keyInPath: boolean;

  constructor(http: HttpSender, key = '', keyInPath = false) {
    this.#http = http;
    this.#key = key;
    this.#keyInPath = keyInPath;
  }

  get baseUrl(): string {
    return this.#http.baseUrl;
  }

  /** Sends a request to any route, also those without a method here. Throws if the status is not 2xx. */
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

  /** Throws `gone` if there was no such session: the relay still answers 204, with an error code in a header. */
  async endSession(): Promise<void> {
    const answer = await this.send('session', { method: 'DELETE' });
    if (answer.headers[header.error] === 'gone') throw goneError(this.baseUrl);
    expectStatus(204, answer, this.baseUrl);
  }

  /** With `after`, the relay holds the request until the session's revision is greater. */
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

  /** Sends stdin from an offset; `end` marks the end of the input. */
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

  /** Includes commands in states that only a newer relay knows. */
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

  /** Reads both streams, at most `limit` bytes. Held until there is more, the command ends, or its state is not `state`. */
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
