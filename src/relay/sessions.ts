/** The sessions of a relay: the store, given a clock and long polls. */
import { applyTransition, type Transition } from '../session/apply-transition.ts';
import { reopenSession } from '../session/reopen-session.ts';
import type { Flow, Outcome, Session } from '../session/session.ts';
import type { Store } from '../store/store.ts';
import { Deadlines } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import { type Happening, type Ledger, listHappenings } from './happening.ts';
import { HeldPolls } from './held-polls.ts';
import { Quotas } from './quotas.ts';
import type { RelayOptions } from './relay-options.ts';

/** Whoever waits for an answer. */
export type Peer = Pick<Exchange, 'address' | 'gone' | 'heldMs'>;

type SessionOptions = Pick<RelayOptions, 'store' | 'ttlMs' | 'heldPolls' | 'quotas' | 'log'>;

/** Whose request it is. */
export type Actor = Pick<Exchange, 'address'>;

export class Sessions {
  readonly store: Store;
  readonly ttlMs: number;
  readonly #deadlines: Deadlines;
  /** How many requests are held, by session. */
  readonly #held = new Map<string, number>();
  readonly polls: HeldPolls;
  readonly quotas: Quotas;
  readonly #ledger: Ledger;
  #draining = false;

  constructor(options: SessionOptions, ledger: Ledger) {
    const { store, ttlMs, heldPolls, log } = options;
    this.store = store;
    this.#ledger = ledger;
    this.ttlMs = ttlMs;
    this.polls = new HeldPolls(heldPolls);
    this.quotas = new Quotas(options);
    this.#deadlines = new Deadlines(store, ttlMs, {
      isHeld: (name) => this.#held.has(name),
      ended: (name) => this.quotas.forget(name),
      ledger,
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
  async create(session: Session, { address: from }: Actor): Promise<void> {
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
    const change = { subject: 'session', what: 'made' } as const;
    this.#ledger.tell({ session: session.name, at: session.createdAt, from, change });
  }

  async remove(name: string, { address: from }: Actor): Promise<void> {
    await this.#ledger.settled();
    const isThere = await this.store.has(name);
    await this.store.remove(name);
    // Only now: what could not be removed is still to expire.
    this.#deadlines.forget(name);
    this.quotas.forget(name);
    const change = { subject: 'session', what: 'ended' } as const;
    if (isThere) this.#ledger.tell({ session: name, at: Date.now(), from, change });
  }

  /** Like the store's, within the quotas. */
  async append(name: string, id: string, flow: Flow, offset: number, bytes: Uint8Array): Promise<number> {
    const end = await this.store.size(name, id, flow);
    const fresh = Math.min(bytes.byteLength, Math.max(0, offset + bytes.byteLength - end));
    return this.quotas.reserveOutput(name, fresh, () => this.store.append(name, id, flow, offset, bytes));
  }

  /** One event; `byRequest`: as a use of the session. Throws what the transition throws, and `gone`. */
  async update<T>(
    name: string,
    transition: Transition<T>,
    actor: Actor | null,
    byRequest = true,
  ): Promise<T> {
    let happened: readonly Happening[] = [];
    const result = await this.store.update(name, (session): Outcome<T> => {
      const now = Date.now();
      const outcome = applyTransition(session, transition, {
        now,
        ttlMs: this.ttlMs,
        byRequest,
        isHeld: this.#held.has(name),
      });
      if (outcome.session !== session) this.#deadlines.follow(outcome.session);
      happened = listHappenings(session, outcome, now, actor?.address ?? null);
      return outcome;
    });
    // Only now is it kept.
    for (const happening of happened) this.#ledger.tell(happening);
    return result;
  }

  /** The session as it is now; counts as a request on its key. */
  read(name: string): Promise<Session> {
    return this.update(name, (session) => ({ session, result: session }), null);
  }

  /**
   * Long poll: tries now and after each change of the session, until there is a result, the time is up, the peer is gone, too
   * many others wait or the relay drains. Undefined when there was none; throws what the attempt throws.
   */
  async waitFor<T>(
    name: string,
    waitMs: number,
    peer: Peer,
    attempt: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const { address, gone } = peer;
    let over = waitMs === 0 || gone.aborted;
    let changed = false;
    let wake = (): void => undefined;
    const stop = (): void => {
      over = true;
      wake();
    };
    const poll = { session: name, address, since: performance.now(), end: stop };
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
        const since = performance.now();
        await new Promise<void>((resolve) => {
          wake = resolve;
          // Whoever is answered at once costs nobody a place.
          if (!isCounted) this.polls.hold(poll);
          isCounted = true;
        });
        peer.heldMs += performance.now() - since;
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

  /** Resolves once all that happened so far is told. */
  settled(): Promise<void> {
    return this.#ledger.settled();
  }

  /** Answers whoever waits, and lets go of the clock. */
  drain(): void {
    this.#draining = true;
    this.polls.endAll();
    this.#deadlines.close();
  }
}
