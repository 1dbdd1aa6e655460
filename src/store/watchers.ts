/** The watchers (callbacks for changes of a session) of this process. */
export class Watchers {
  readonly #byName = new Map<string, Set<() => void>>();

  watch(name: string, wake: () => void): () => void {
    const waiting = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, waiting);
    waiting.add(wake);
    return () => {
      waiting.delete(wake);
      if (waiting.size === 0 && this.#byName.get(name) === waiting) this.#byName.delete(name);
    };
  }

  /** The watched sessions. */
  names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** In order of arrival: the longest waiting request gets the next command. */
  wake(name: string): void {
    const waiting = this.#byName.get(name);
    // A copy: a watcher that registers again while it is woken is not woken twice.
    for (const wake of Array.from(waiting ?? [])) if (waiting?.has(wake)) wake();
  }
}
