/** Sends the heartbeats of this relay to Redis, and sets the clock from the answers. */
import type { RedisClient } from './redis-client.ts';
import { RedisClock } from './redis-clock.ts';
import { aliveKeys } from './redis-layout.ts';
import { beatScript } from './redis-scripts.ts';

const beatMs = 5_000;

/** If no relay sent a heartbeat for this long, no listener could reach a relay in that time: an outage. */
const outageMs = 10_000;

export class RedisBeat {
  readonly clock = new RedisClock();
  readonly #client: RedisClient;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;

  constructor(client: RedisClient) {
    this.#client = client;
    this.#timer = setInterval(() => void this.#beat().catch(() => undefined), beatMs).unref();
  }

  /** Resolves once the clock includes every outage until now. Throws `storage_busy`. */
  async refresh(): Promise<void> {
    if (!this.clock.isFresh) await this.#beat();
  }

  #beat(): Promise<void> {
    this.#running ??= this.#ask().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #ask(): Promise<void> {
    const asked = performance.now();
    const reply = await this.#client.run(beatScript, aliveKeys, [outageMs]);
    const [time, outageEnd] = Array.isArray(reply) ? reply.map(Number) : [];
    if (time !== undefined && outageEnd !== undefined)
      this.clock.take(time, outageEnd, asked, performance.now());
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
