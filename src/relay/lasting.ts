/** Calls back for each entry that is still there after a fixed time. One timer serves all entries. */

export class Lasting<T> {
  readonly #afterMs: number;
  readonly #tell: (entry: T) => void;
  /** When each of them is due, by the clock of `performance.now()`; in this order, since all wait as long. */
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

  /** Harmless for one that was told of, or never added. */
  remove(entry: T): void {
    this.#dueAt.delete(entry);
  }

  #ringIn(ms: number): void {
    this.#timer = setTimeout(() => this.#ring(), ms).unref();
  }

  /** One that is added meanwhile is due later, and ends the loop. */
  #ring(): void {
    this.#timer = undefined;
    for (const [entry, dueAt] of this.#dueAt) {
      const leftMs = dueAt - performance.now();
      if (leftMs > 0) {
        if (!this.#timer) this.#ringIn(leftMs);
        return;
      }
      this.#dueAt.delete(entry);
      this.#tell(entry);
    }
  }
}
