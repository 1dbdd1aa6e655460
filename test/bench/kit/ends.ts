/** Cleanup functions of a benchmark (processes, servers, folders), run in reverse order. */

type End = () => Promise<void> | void;

export class Ends {
  #ends: End[] = [];
  #isClosed = false;

  /** After `close` it runs the cleanup at once and throws, so that nothing else is started. */
  add(end: End): void {
    this.#ends.push(end);
    if (!this.#isClosed) return;
    void this.endAll().catch(() => undefined);
    throw new Error('the benchmark is interrupted');
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.endAll();
  }

  /** Runs all cleanups, even if some fail. */
  async endAll(): Promise<void> {
    const failures: unknown[] = [];
    for (let end = this.#ends.pop(); end; end = this.#ends.pop()) {
      try {
        await end();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'some cleanups failed');
  }
}
