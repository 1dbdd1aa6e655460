/** One queue per session: changes of the same session run one after the other, changes of different sessions run in parallel. */
import { Refusal } from '../protocol/errors.ts';

export class Lines {
  /** The last change in the queue of each session. */
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

  /** Rejects new changes, such as late updates for a disconnected peer. Resolves once all queued changes are done. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#last.values());
  }
}
