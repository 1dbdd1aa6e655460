/** Waits until writes are on a replica or on disk. One wait covers all writes that Redis answered before it began. */
import type { RedisClient } from './redis-client.ts';
import { busy } from './redis-failure.ts';
import type { AcknowledgeBy } from './redis-start.ts';

/** Shorter than the answer timeout of the connection. */
const waitMs = 1_000;

export class Acknowledgements {
  readonly #client: RedisClient;
  readonly #by: AcknowledgeBy;
  /** By a key on the server that is waited for: `#running` has the current wait, `#next` the wait that begins after it. */
  readonly #next = new Map<string, Promise<boolean>>();
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(client: RedisClient, by: AcknowledgeBy) {
    this.#client = client;
    this.#by = by;
  }

  /** `tag`: the hash tag of the written keys. Throws `storage_busy` if there is no copy in time. */
  async wait(tag: string): Promise<void> {
    if (this.#by === undefined) return;
    const key = this.#client.isCluster ? `remotify:{${tag}}:mark` : 'remotify:mark';
    if (!(await this.#join(key))) throw busy();
  }

  #join(key: string): Promise<boolean> {
    const known = this.#next.get(key);
    if (known) return known;
    const before = this.#running.get(key) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(() => this.#begin(key));
    this.#next.set(key, mine);
    return mine;
  }

  #begin(key: string): Promise<boolean> {
    this.#next.delete(key);
    const waiting = this.#client.waitForCopies(key, {
      copies: this.#by === 'replica' ? 1 : 0,
      toDisk: this.#by === 'disk',
      waitMs,
    });
    this.#running.set(key, waiting);
    const leave = (): void => {
      if (this.#running.get(key) === waiting) this.#running.delete(key);
    };
    waiting.then(leave, leave);
    return waiting;
  }
}
