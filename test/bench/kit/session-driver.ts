/** Plays client and listener of one session in one process, each on its own keep-alive connection. */
import { Client } from 'undici';

export type Keys = { key: string; listener_key: string };

/** The four requests of a round trip. */
export type Step = 'push' | 'next' | 'finish' | 'output';

export type Answer = {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
};

/** The output of each command: 20 bytes. */
const output = 'nineteen characters\n';

/** Shared by all drivers: a later driver on the same session must not reuse an Idempotency-Key of an earlier one. */
let named = 0;

export class SessionDriver {
  readonly #client: Client;
  readonly #listener: Client;
  readonly #clientHeaders: Record<string, string>;
  readonly #listenerHeaders: Record<string, string>;
  readonly #namesCommands: boolean;
  #had = '';
  #next: Promise<void>;
  /** The latest answer to each request. */
  readonly answers = new Map<Step, Answer>();

  /**
   * `namesCommands`: each push has an Idempotency-Key. `listenerUrl`: the relay of the listener, if it is another one. The TLS
   * certificate of the relay is not checked.
   */
  constructor(url: string, keys: Keys, { namesCommands = false, listenerUrl = url } = {}) {
    const connect = { rejectUnauthorized: false };
    this.#client = new Client(url, { connect });
    this.#listener = new Client(listenerUrl, { connect });
    this.#clientHeaders = { authorization: `Bearer ${keys.key}`, 'remotify-client': 'bench@desk' };
    this.#listenerHeaders = {
      authorization: `Bearer ${keys.listener_key}`,
      'remotify-listener': 'bench-listener',
      'remotify-host': 'vm',
      'remotify-user': 'ann',
      'remotify-mode': 'auto',
    };
    this.#namesCommands = namesCommands;
    this.#next = this.#askNext();
  }

  async #send(
    step: Step,
    client: Client,
    request: { method: 'GET' | 'POST'; path: string; headers: Record<string, string>; body?: string },
  ): Promise<Answer> {
    const response = await client.request({ ...request, path: `/api/session/self${request.path}` });
    const answer = {
      status: response.statusCode,
      headers: response.headers,
      body: await response.body.text(),
    };
    if (answer.status >= 300) throw new Error(`${step}: ${answer.status} ${answer.body}`);
    if (answer.status !== 204) this.answers.set(step, answer);
    return answer;
  }

  /** Sends the long poll before the push that it waits for, and again when it times out. */
  #askNext(): Promise<void> {
    const next = (async () => {
      for (;;) {
        const path = `/next?had=${this.#had}`;
        const request = { method: 'GET', path, headers: this.#listenerHeaders } as const;
        const { status } = await this.#send('next', this.#listener, request);
        if (status !== 204) return;
      }
    })();
    // close() aborts the last poll, which nothing awaits.
    next.catch(() => undefined);
    return next;
  }

  async roundTrip(): Promise<void> {
    const name = this.#namesCommands ? { 'idempotency-key': `trip-${(named += 1)}` } : {};
    const pushed = this.#send('push', this.#client, {
      method: 'POST',
      path: '/commands',
      headers: { ...this.#clientHeaders, ...name },
      body: 'echo nineteen characters',
    });
    const [{ body }] = await Promise.all([pushed, this.#next]);
    const { id } = JSON.parse(body) as { id: string };
    this.#had = id;
    await this.#send('finish', this.#listener, {
      method: 'POST',
      path: `/commands/${id}/finish?exit_status=0`,
      headers: this.#listenerHeaders,
      body: output,
    });
    this.#next = this.#askNext();
    const read = await this.#send('output', this.#client, {
      method: 'GET',
      path: `/commands/${id}/output?stdout=0&stderr=0&wait=10`,
      headers: this.#clientHeaders,
    });
    if (read.body !== output) throw new Error(`the output is ${JSON.stringify(read.body)}`);
  }

  async close(): Promise<void> {
    await Promise.all([this.#client.destroy(), this.#listener.destroy()]);
  }
}
