/** What a benchmark started and must end: processes, servers, folders; the last one first. */

type End = () => Promise<void> | void;

export class Ends {
  #ends: End[] = [];
  #isClosed = false;

  /** After `close` what was started is ended at once, and nothing else may be. */
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

  /** One that fails does not keep the others from their turn. */
  async endAll(): Promise<void> {
    const failures: unknown[] = [];
    for (let end = this.#ends.pop(); end; end = this.#ends.pop()) {
      try {
        await end();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not all was ended');
  }
}
