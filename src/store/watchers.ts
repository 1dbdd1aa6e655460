/** Who wants to know when a session changes, within this process. */
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

  /** In order of arrival: who waits longest is first at the next command. */
  wake(name: string): void {
    for (const wake of this.#byName.get(name) ?? []) wake();
  }
}
