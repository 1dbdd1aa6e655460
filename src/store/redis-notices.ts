/** What the operator is told of Redis while the relay runs: each change once, and refusals once in a while. */

/** Where memory is used up, every request is refused: each kind of refusal is told of this often. */
const refusedMs = 60_000;

export class RedisNotices {
  readonly #warn: (text: string) => void;
  /** Before the first connection there is nothing to tell. */
  #isOpen = false;
  #isAway = false;
  /** When a refusal of each code was last told of, by `performance.now()`. */
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
    this.#warn(`Redis is away${code === undefined ? '' : ` (${code})`}: requests get 503 until it is back`);
  }

  back(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#warn('Redis is back');
  }

  refused(code = 'unknown'): void {
    const now = performance.now();
    if (now - (this.#refusedAt.get(code) ?? -refusedMs) < refusedMs) return;
    this.#refusedAt.set(code, now);
    this.#warn(`Redis refuses calls (${code})`);
  }
}
