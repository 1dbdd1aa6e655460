/** Deadlines of sessions that no relay looks at: each relay asks Redis for those that are over. */
import type { RedisClient } from './redis-client.ts';
import { dueKeys } from './redis-layout.ts';
import { claimScript } from './redis-scripts.ts';

const sweepMs = 1_000;

/** A relay that looks at the session rings before that, to the moment. */
const overdueMs = 1_000;

/** A name that was taken comes again after this, unless an update moved its deadline. */
const leaseMs = 10_000;

const namesPerSweep = 50;

/** Of 256 deadline sets, in a cluster: one call cannot reach more than one. */
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
    // Relays that were started together do not ask together.
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
