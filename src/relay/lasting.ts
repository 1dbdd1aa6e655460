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

  /** All that are due; one that is added meanwhile is due later than all others. Then the timer is for the first that is left. */
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
