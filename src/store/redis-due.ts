/** Each relay polls Redis for passed deadlines, as a session may be in the memory of no running relay. */
import type { RedisClient } from './redis-client.ts';
import { dueKeys } from './redis-layout.ts';
import { claimScript } from './redis-scripts.ts';

const sweepMs = 1_000;

/** How long a deadline must have passed: a relay that has the session in memory handles it earlier, with a timer. */
const overdueMs = 1_000;

/** After a relay took a session from the set, the session falls due again after this time, unless an update moved its deadline. */
const leaseMs = 10_000;

const namesPerSweep = 50;

/** In a cluster: how many of the 256 deadline sets one sweep polls. One call can reach only one set. */
const setsPerSweep = 16;

export class DueSweep {
  readonly #client: RedisClient;
  readonly #now: () => number;
  readonly #ring: (name: string) => Promise<void>;
  #timer: NodeJS.Timeout;
  #isClosed = false;

  constructor(client: RedisClient, now: () => number, ring: (name: string) => Promise<void>) {
    this.#client = client;
    this.#now = now;
    this.#ring = ring;
    this.#timer = this.#schedule(sweepMs);
  }

  #schedule(ms: number): NodeJS.Timeout {
    // Jitter, so that relays that were started together do not poll at the same time.
    return setTimeout(() => void this.#sweep(), ms * (0.75 + Math.random() / 2)).unref();
  }

  async #sweep(): Promise<void> {
    const rang = await this.#ringDue().catch(() => 0);
    if (!this.#isClosed) this.#timer = this.#schedule(rang >= namesPerSweep ? 0 : sweepMs);
  }

  #chooseSets(): readonly (readonly string[])[] {
    if (!this.#client.isCluster) return [dueKeys];
    const from = Math.floor(Math.random() * dueKeys.length);
    return Array.from({ length: setsPerSweep }, (_, at) => [
      dueKeys[(from + at * (dueKeys.length / setsPerSweep)) % dueKeys.length] ?? '',
    ]);
  }

  async #ringDue(): Promise<number> {
    const now = this.#now();
    const words = [now - overdueMs, now + leaseMs, namesPerSweep];
    const replies = await Promise.all(
      this.#chooseSets().map((keys) => this.#client.run(claimScript, keys, words)),
    );
    const names = replies.flatMap((reply) => (Array.isArray(reply) ? reply.map(String) : []));
    for (const name of names) if (!this.#isClosed) await this.#ring(name).catch(() => undefined);
    return names.length;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }
}
