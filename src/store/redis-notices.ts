/** Logs problems with Redis while the relay runs: each loss and return of the connection once, errors at most once a minute per code. */

/** When Redis is out of memory it rejects every request: each error code is logged at most once in this time. */
const refusedMs = 60_000;

export class RedisNotices {
  readonly #warn: (text: string) => void;
  /** False before the first connection is open: nothing is logged until then. */
  #isOpen = false;
  #isAway = false;
  /** When each error code was last logged, by `performance.now()`. */
  readonly #refusedAt = new Map<string, number>();

  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  open(): void {
    this.#isOpen = true;
  }

  close(): void {
    this.#isOpen = false;
  }

  away(code: string | undefined): void {
    if (!this.#isOpen || this.#isAway) return;
    this.#isAway = true;
    this.#warn(
      `lost the connection to Redis${code === undefined ? '' : ` (${code})`}: requests get 503 until it is back`,
    );
  }

  back(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#warn('connected to Redis again');
  }

  refused(code = 'unknown'): void {
    const now = performance.now();
    if (now - (this.#refusedAt.get(code) ?? -refusedMs) < refusedMs) return;
    this.#refusedAt.set(code, now);
    this.#warn(`Redis rejects commands (${code})`);
  }
}
