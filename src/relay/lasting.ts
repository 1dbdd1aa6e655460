/** Calls back for each entry that was not removed within a fixed time. One timer serves all entries. */

export class Lasting<T> {
  readonly #afterMs: number;
  readonly #tell: (entry: T) => void;
  /** When each entry is due, by `performance.now()`; in this order, since the time is the same for all. */
  readonly #dueAt = new Map<T, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(afterMs: number, tell: (entry: T) => void) {
    this.#afterMs = afterMs;
    this.#tell = tell;
  }

  add(entry: T): void {
    this.#dueAt.set(entry, performance.now() + this.#afterMs);
    if (!this.#timer) this.#ringIn(this.#afterMs);
  }

  /** Does nothing if the entry has already been due, or was never added. */
  remove(entry: T): void {
    this.#dueAt.delete(entry);
  }

  #ringIn(ms: number): void {
    this.#timer = setTimeout(() => this.#ring(), ms).unref();
  }

  /**
   * Calls back for all due entries, then sets the timer for the next one. An entry that is added meanwhile is due after
   * all others.
   */
  #ring(): void {
    const now = performance.now();
    for (const [entry, dueAt] of this.#dueAt) {
      if (dueAt > now) break;
      this.#dueAt.delete(entry);
      this.#tell(entry);
    }
    this.#timer = undefined;
    const [next] = this.#dueAt.values();
    if (next !== undefined) this.#ringIn(Math.max(0, next - performance.now()));
  }
}
