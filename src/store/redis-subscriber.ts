/** A connection that subscribes to one channel, and is opened again whenever it may have missed messages. */
import type { Redis } from 'ioredis';

/** A half-open connection receives no messages and reports no error: a PING this often detects it. */
const pingMs = 5_000;

const reconnectMs = 100;

export class RedisSubscriber {
  readonly #open: () => Redis;
  readonly #channel: string;
  readonly #onMessage: (text: string) => void;
  readonly #onGap: () => void;
  readonly #pinging: NodeJS.Timeout;
  #connection: Redis | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;
  #isReady = false;

  constructor(open: () => Redis, channel: string, onMessage: (text: string) => void, onGap: () => void) {
    this.#open = open;
    this.#channel = channel;
    this.#onMessage = onMessage;
    this.#onGap = onGap;
    this.#connect();
    this.#pinging = setInterval(() => void this.#ping(), pingMs).unref();
  }

  #connect(): void {
    const connection = this.#open();
    this.#connection = connection;
    connection.on('message', (_channel, text) => this.#onMessage(text));
    connection.on('error', () => undefined);
    connection.once('end', () => {
      this.#isReady = false;
      if (this.#isClosed || this.#connection !== connection) return;
      this.#retry = setTimeout(() => this.#connect(), reconnectMs).unref();
    });
    const subscribe = async (): Promise<void> => {
      await connection.connect();
      await connection.subscribe(this.#channel);
      this.#isReady = true;
      this.#onGap();
    };
    subscribe().catch(() => connection.disconnect());
  }

  async #ping(): Promise<void> {
    const connection = this.#connection;
    if (!this.#isReady || !connection) return;
    // PING has the same timeout as all calls.
    await connection.ping().catch(() => connection.disconnect());
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#pinging);
    clearTimeout(this.#retry);
    this.#connection?.disconnect();
  }
}
