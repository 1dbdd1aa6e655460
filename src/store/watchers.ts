/** Callbacks for changes of sessions, within this process. */
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

  /** Those that someone watches. */
  names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** In order of arrival: the request that waits longest is first at the next command. */
  wake(name: string): void {
    const waiting = this.#byName.get(name);
    // A copy: one that watches again while it is woken is not woken once more.
    for (const wake of Array.from(waiting ?? [])) if (waiting?.has(wake)) wake();
  }
}
