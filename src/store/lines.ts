/** What changes a session runs after what changes it already; sessions do not wait for each other. */
import { Refusal } from '../protocol/errors.ts';

export class Lines {
  /** The last of each line that is under way. */
  readonly #last = new Map<string, Promise<unknown>>();
  #isClosed = false;

  run<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Refusal('storage_busy'));
    const before = this.#last.get(name);
    const mine = before ? before.then(work, work) : work();
    this.#last.set(name, mine);
    const leave = (): void => {
      if (this.#last.get(name) === mine) this.#last.delete(name);
    };
    mine.then(leave, leave);
    return mine;
  }

  /** Takes nothing more: updates for a peer that was cut off come too late. Resolves once all is done that was begun. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#last.values());
  }
}
