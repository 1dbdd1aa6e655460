/** How much may be kept for one session, and for all that one address made. */
import { Refusal } from '../protocol/errors.ts';
import { lastWordsBytes, maxChunkBytes } from '../protocol/limits.ts';
import type { Session } from '../session/session.ts';
import type { Store } from '../store/store.ts';
import { chooseLimitKey } from './rate-limit.ts';
import type { RelayOptions } from './relay-options.ts';

export class Quotas {
  readonly #limits: RelayOptions['quotas'];
  readonly #store: Store;
  /** The sessions that are alive, by whoever made them. */
  readonly #byMaker = new Map<string, Set<string>>();
  readonly #makers = new Map<string, string>();
  /** Bytes that are on their way into the store, by session. */
  readonly #coming = new Map<string, number>();
  #checked: Promise<void> = Promise.resolve();

  constructor({ quotas, store }: Pick<RelayOptions, 'quotas' | 'store'>) {
    this.#limits = quotas;
    this.#store = store;
  }

  /** Counts a session that is there, or is about to be. */
  follow({ name, madeFrom }: Session): void {
    if (madeFrom === null) return;
    const maker = chooseLimitKey(madeFrom);
    this.#makers.set(name, maker);
    this.#byMaker.set(maker, (this.#byMaker.get(maker) ?? new Set()).add(name));
  }

  forget(name: string): void {
    const maker = this.#makers.get(name) ?? '';
    const made = this.#byMaker.get(maker);
    made?.delete(name);
    if (made?.size === 0) this.#byMaker.delete(maker);
    this.#makers.delete(name);
  }

  /** Throws `too_many_sessions`. */
  checkMaker(address: string): void {
    const made = this.#byMaker.get(chooseLimitKey(address))?.size ?? 0;
    if (made >= this.#limits.sessionsPerAddress) throw new Refusal('too_many_sessions');
  }

  /** Does the work that stores so many bytes more, or throws `session_quota` or `address_quota`. */
  reserve<T>(name: string, bytes: number, work: () => Promise<T>): Promise<T> {
    return this.#reserve(name, bytes, 0, work);
  }

  /**
   * The same for output. Where the room is used up there is still some for a few words, so that the end of a command can say what is
   * missing; what is kept already is asked for no room.
   */
  reserveOutput<T>(name: string, bytes: number, work: () => Promise<T>): Promise<T> {
    return bytes === 0
      ? work()
      : this.#reserve(name, bytes, bytes <= lastWordsBytes ? maxChunkBytes : 0, work);
  }

  async #reserve<T>(name: string, bytes: number, slack: number, work: () => Promise<T>): Promise<T> {
    // One after the other: what passes is counted before the next one is looked at.
    const passed = this.#checked.then(async () => {
      await this.#check(name, bytes, slack);
      this.#coming.set(name, (this.#coming.get(name) ?? 0) + bytes);
    });
    this.#checked = passed.catch(() => undefined);
    await passed;
    try {
      return await work();
    } finally {
      const left = (this.#coming.get(name) ?? 0) - bytes;
      if (left > 0) this.#coming.set(name, left);
      else this.#coming.delete(name);
    }
  }

  async #check(name: string, bytes: number, slack: number): Promise<void> {
    const { bytesPerSession, bytesPerAddress } = this.#limits;
    if ((await this.#sum([name])) + bytes > bytesPerSession + slack) throw new Refusal('session_quota');
    const made = this.#byMaker.get(this.#makers.get(name) ?? '') ?? [];
    if ((await this.#sum(made)) + bytes > bytesPerAddress + slack) throw new Refusal('address_quota');
  }

  async #sum(names: Iterable<string>): Promise<number> {
    let total = 0;
    for (const name of names) total += (await this.#store.usage(name)) + (this.#coming.get(name) ?? 0);
    return total;
  }
}
