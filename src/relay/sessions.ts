/** The sessions of a relay: the store, given a clock and long polls. */
import { applyTransition, type Transition } from '../session/apply-transition.ts';
import { reopenSession } from '../session/reopen-session.ts';
import type { Flow, Outcome, Session } from '../session/session.ts';
import type { Store } from '../store/store.ts';
import { Deadlines } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import { HeldPolls } from './held-polls.ts';
import { Quotas } from './quotas.ts';
import type { RelayOptions } from './relay-options.ts';

/** Whoever waits for an answer. */
export type Peer = Pick<Exchange, 'address' | 'gone'>;

export class Sessions {
  readonly store: Store;
  readonly ttlMs: number;
  readonly #deadlines: Deadlines;
  /** How many requests are held, by session. */
  readonly #held = new Map<string, number>();
  readonly polls: HeldPolls;
  readonly quotas: Quotas;
  #draining = false;

  constructor(options: RelayOptions) {
    const { store, ttlMs, heldPolls, log } = options;
    this.store = store;
    this.ttlMs = ttlMs;
    this.polls = new HeldPolls(heldPolls);
    this.quotas = new Quotas(options);
    this.#deadlines = new Deadlines(store, ttlMs, {
      isHeld: (name) => this.#held.has(name),
      ended: (name) => this.quotas.forget(name),
      log,
    });
  }

  /** Takes up the deadlines of the sessions that were there before this process. */
  async open(): Promise<void> {
    for (const kept of await this.store.list()) {
      const { name } = kept;
      this.quotas.follow(kept);
      this.#deadlines.follow(await this.store.update(name, (session) => reopenSession(session, Date.now())));
    }
  }

  /** Throws `too_many_sessions` for an address that has enough of them. */
  async create(session: Session): Promise<void> {
    if (session.madeFrom !== null) this.quotas.checkMaker(session.madeFrom);
    // Counted before it is there: whoever asks twice at once is counted twice.
    this.quotas.follow(session);
    try {
      await this.store.create(session);
    } catch (error) {
      this.quotas.forget(session.name);
      throw error;
    }
    this.#deadlines.follow(session);
  }

  async remove(name: string): Promise<void> {
    this.#deadlines.forget(name);
    await this.store.remove(name);
    this.quotas.forget(name);
  }

  /** Like the store's, within the quotas. */
  async append(name: string, id: string, flow: Flow, offset: number, bytes: Uint8Array): Promise<number> {
    const end = await this.store.size(name, id, flow);
    const fresh = Math.min(bytes.byteLength, Math.max(0, offset + bytes.byteLength - end));
    return this.quotas.reserveOutput(name, fresh, () => this.store.append(name, id, flow, offset, bytes));
  }

  /** One event. Throws what the transition throws, and `gone`. */
  update<T>(name: string, transition: Transition<T>, byRequest = true): Promise<T> {
    return this.store.update(name, (session): Outcome<T> => {
      const now = Date.now();
      const outcome = applyTransition(session, transition, {
        now,
        ttlMs: this.ttlMs,
        byRequest,
        isHeld: this.#held.has(name),
      });
      if (outcome.session !== session) this.#deadlines.follow(outcome.session);
      return outcome;
    });
  }

  /** The session as it is now; counts as a request on its key. */
  read(name: string): Promise<Session> {
    return this.update(name, (session) => ({ session, result: session }));
  }

  /**
   * Long poll: tries now and after each change of the session, until there is a result, the time is up, the peer is gone, too
   * many others wait or the relay drains. Undefined when there was none; throws what the attempt throws.
   */
  async waitFor<T>(
    name: string,
    waitMs: number,
    { address, gone }: Peer,
    attempt: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    let over = waitMs === 0 || gone.aborted;
    let changed = false;
    let wake = (): void => undefined;
    const stop = (): void => {
      over = true;
      wake();
    };
    const poll = { session: name, address, end: stop };
    let isCounted = false;
    const unwatch = this.store.watch(name, () => {
      changed = true;
      wake();
    });
    const timer = setTimeout(stop, waitMs);
    gone.addEventListener('abort', stop);
    this.#held.set(name, (this.#held.get(name) ?? 0) + 1);
    try {
      for (;;) {
        changed = false;
        const result = gone.aborted ? undefined : await attempt();
        if (result !== undefined || over || this.#draining) return result;
        if (changed) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
          // Whoever is answered at once costs nobody a place.
          if (!isCounted) this.polls.hold(poll);
          isCounted = true;
        });
        if (over && !changed) return undefined;
      }
    } finally {
      this.polls.release(poll);
      this.#letGo(name);
      gone.removeEventListener('abort', stop);
      clearTimeout(timer);
      unwatch();
    }
  }

  #letGo(name: string): void {
    const left = (this.#held.get(name) ?? 1) - 1;
    if (left > 0) this.#held.set(name, left);
    else this.#held.delete(name);
  }

  /** Answers whoever waits, and lets go of the clock. */
  drain(): void {
    this.#draining = true;
    this.polls.endAll();
    this.#deadlines.close();
  }
}
