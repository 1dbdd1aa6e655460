/** Calls Redis through ioredis, with retries. Only this file, redis-connection.ts and redis-subscriber.ts depend on ioredis. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import { busy, describeUnopened, failureCode, mayPass, refuseFailure } from './redis-failure.ts';
import { type Bucket, pourScript } from './leaky-bucket.ts';
import { connect, connectSubscriber, openMs } from './redis-connection.ts';
import { RedisNotices } from './redis-notices.ts';
import { defineScript, type Script } from './redis-script.ts';
import type { RedisPlace } from './redis-url.ts';
import { toArgument, type Word } from './redis-words.ts';
import { RedisSubscriber } from './redis-subscriber.ts';
import type { StoreObserver } from './store.ts';

/** How long a call is retried before it fails; the request waits meanwhile. */
const retryForMs = 3_000;

const pauseMs = 50;

/** If the relay sends it again after a lost answer, Redis may count a request twice: the limit is then reached one request early. */
const pourRequest = defineScript(pourScript);

/** The reply types of ioredis: text, a number, null, or a list of these. */
export type Reply = string | number | null | readonly Reply[];

interface Evaluation {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly words: readonly Word[];
  readonly asBytes?: boolean;
  readonly tries?: { count: number };
}

export interface CopyWait {
  readonly copies: number;
  readonly toDisk: boolean;
  readonly waitMs: number;
}

export interface ClientOptions {
  readonly warn: (text: string) => void;
  /** Notified of each call. */
  readonly observers: readonly StoreObserver[];
}

export class RedisClient {
  readonly #place: RedisPlace;
  readonly #options: ClientOptions;
  readonly #connection: Redis | Cluster;
  /** A separate connection for WAIT and WAITAOF, as these block all later calls on the same connection. */
  #waiting: Redis | Cluster | undefined;
  #lastError: Error | undefined;
  readonly #notices: RedisNotices;
  #isClosed = false;

  private constructor(place: RedisPlace, options: ClientOptions) {
    this.#place = place;
    this.#options = options;
    this.#notices = new RedisNotices(options.warn);
    this.#connection = connect(place);
    // An 'error' event without a handler would end the process.
    this.#connection.on('error', (error: Error) => {
      this.#lastError = error;
    });
    this.#connection.on('close', () => this.#notices.away(failureCode(this.#lastError)));
    this.#connection.on('ready', () => {
      this.#lastError = undefined;
      this.#notices.back();
    });
  }

  /** Resolves once it is connected and authenticated. Throws an Error with the reason if that fails. */
  static async open(place: RedisPlace, options: ClientOptions): Promise<RedisClient> {
    const client = new RedisClient(place, options);
    try {
      await client.#open();
      client.#notices.open();
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  async #open(): Promise<void> {
    const [first] = this.#place.addresses;
    const where = `${first?.host}:${first?.port}`;
    const late = pause(openMs, 'late' as const, { ref: false });
    const opening = this.#connection.connect().catch((error: unknown) => {
      throw this.#lastError ?? (error as Error);
    });
    try {
      if ((await Promise.race([opening, late])) === 'late') throw new Error('no answer');
      await this.#connection.ping();
    } catch (error) {
      opening.catch(() => undefined);
      const code = failureCode(error) ?? failureCode(this.#lastError);
      throw new Error(`Redis at ${where} ${describeUnopened(code)}`, { cause: error });
    }
  }

  get isCluster(): boolean {
    return this.#place.kind === 'cluster';
  }

  /** Retries for a while after a passing error. Throws `storage_full` or `storage_busy`; after the latter the call may have been applied. */
  async #call<T>(work: (connection: Redis | Cluster) => Promise<T>, tries = { count: 0 }): Promise<T> {
    const { observers } = this.#options;
    const until = performance.now() + retryForMs;
    for (;;) {
      if (this.#isClosed) throw busy();
      const began = performance.now();
      tries.count += 1;
      try {
        const result = await work(this.#connection);
        for (const observer of observers) observer.called(performance.now() - began);
        return result;
      } catch (error) {
        for (const observer of observers) observer.failed();
        if (!mayPass(error)) this.#notices.refused(failureCode(error));
        if (!mayPass(error) || performance.now() + pauseMs > until) throw refuseFailure(error);
        await pause(pauseMs);
      }
    }
  }

  async #evaluate({ script, keys, words, asBytes = false, tries }: Evaluation): Promise<unknown> {
    return this.#call(async (connection) => {
      const rest = [keys.length, ...keys, ...words.map(toArgument)];
      const send = (command: string, body: string): Promise<unknown> =>
        asBytes ? connection.callBuffer(command, body, ...rest) : connection.call(command, body, ...rest);
      try {
        return await send('EVALSHA', script.sha);
      } catch (error) {
        // Redis loses its script cache when it restarts.
        if (failureCode(error) !== 'NOSCRIPT') throw error;
        return send('EVAL', script.text);
      }
    }, tries);
  }

  /** `tries` counts how often the call was sent: more than once means that an answer was lost. */
  async run(
    script: Script,
    keys: readonly string[],
    words: readonly Word[],
    tries = { count: 0 },
  ): Promise<Reply> {
    return (await this.#evaluate({ script, keys, words, tries })) as Reply;
  }

  /** Runs a script that returns one string. */
  async runForBytes(script: Script, keys: readonly string[], words: readonly Word[]): Promise<Buffer> {
    const reply = await this.#evaluate({ script, keys, words, asBytes: true });
    return Buffer.isBuffer(reply) ? reply : Buffer.alloc(0);
  }

  async call(command: string, ...words: readonly Word[]): Promise<Reply> {
    return (await this.#call((connection) => connection.call(command, ...words.map(toArgument)))) as Reply;
  }

  async readRange(key: string, from: number, bytes: number): Promise<Buffer> {
    return this.#call((connection) => connection.getrangeBuffer(key, from, from + bytes - 1));
  }

  /**
   * Resolves with whether all earlier writes to the server of the key are on `copies` replicas and, with `toDisk`, also on the server's
   * own disk.
   */
  async waitForCopies(key: string, { copies, toDisk, waitMs }: CopyWait): Promise<boolean> {
    return this.#call(async () => {
      const connection = await this.#openWaiting();
      // Both commands wait for the last write of their own connection. This SET comes after all writes that were answered before.
      const [command, ...words] = toDisk
        ? (['WAITAOF', 1, copies, waitMs] as const)
        : (['WAIT', copies, waitMs] as const);
      const answers = await connection
        .pipeline()
        .set(key, '1', 'EX', 60)
        .call(command, ...words)
        .exec();
      const failure = answers?.find(([error]) => error !== null)?.[0];
      if (failure) throw failure;
      const reply = answers?.[1]?.[1];
      return Array.isArray(reply)
        ? Number(reply[0]) >= 1 && Number(reply[1]) >= copies
        : Number(reply) >= copies;
    });
  }

  async #openWaiting(): Promise<Redis | Cluster> {
    if (this.#waiting) return this.#waiting;
    const connection = connect(this.#place);
    connection.on('error', () => undefined);
    this.#waiting = connection;
    await connection.connect().catch((error: unknown) => {
      this.#waiting = undefined;
      connection.disconnect();
      throw error;
    });
    return connection;
  }

  /** Adds a request to a bucket that all relays on this server share. Resolves with 0, or with the ms after which a request fits. */
  async pour(name: string, { cost, capacity }: Bucket): Promise<number> {
    return Number(await this.run(pourRequest, [`remotify:rl:${name}`], [cost, capacity]));
  }

  /** Calls `onMessage` for each message of the channel, and `onGap` after each time in which messages may have been missed. Never throws. */
  subscribe(channel: string, onMessage: (text: string) => void, onGap: () => void): RedisSubscriber {
    return new RedisSubscriber(
      () => connectSubscriber(this.#place, this.#connection),
      channel,
      onMessage,
      onGap,
    );
  }

  /** Closes at once: running calls fail. */
  close(): void {
    this.#isClosed = true;
    this.#notices.close();
    this.#connection.disconnect();
    this.#waiting?.disconnect();
  }
}
