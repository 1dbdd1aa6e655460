/** What a benchmark started and must end: processes, servers, folders; the last one first. */

type End = () => Promise<void> | void;

export class Ends {
  #ends: End[] = [];

  add(end: End): void {
    this.#ends.push(end);
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
