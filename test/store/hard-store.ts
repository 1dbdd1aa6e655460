/**
 * A wrapper around a store that does everything the contract permits but local stores seldom do: it calls each transition twice, first on
 * an older session; it wakes watchers without a change; and it loses the answers of applied updates. A relay under test can use it.
 */
import { Refusal } from '../../src/protocol/errors.ts';
import type { Clock } from '../../src/session/apply-transition.ts';
import type { Session } from '../../src/session/session.ts';
import type {
  AccountLimits,
  Committed,
  Rate,
  Store,
  StoreObserver,
  StoreTransition,
} from '../../src/store/store.ts';
import type { Random } from '../harness/random.ts';

export interface Hardships {
  /** Called after each applied update: returns whether its answer is lost. By default no answer is lost. */
  readonly losesAnswer?: (name: string) => boolean;
  /** Called before an update, at most once after each change: returns whether to wake watchers without a change. By default no. */
  readonly wakes?: () => boolean;
}

/** One in `loseOneIn` answers is lost, and one in `wakeOneIn` updates wakes watchers without a change. */
export function drawHardships(random: Random, loseOneIn: number, wakeOneIn: number): Hardships {
  return { losesAnswer: () => random.oneIn(loseOneIn), wakes: () => random.oneIn(wakeOneIn) };
}

class HardStore implements Store {
  readonly #store: Store;
  readonly #hardships: Hardships;
  readonly #watchers = new Map<string, Set<() => void>>();
  /** The session before the last change: a shared store may call a transition on it first. */
  readonly #stale = new Map<string, Session>();
  /** Sessions that changed since their last spurious wake. With a wake at each update, two watchers that update would loop forever. */
  readonly #changed = new Set<string>();

  constructor(store: Store, hardships: Hardships) {
    this.#store = store;
    this.#hardships = hardships;
  }

  get copiesPieces(): boolean {
    return this.#store.copiesPieces;
  }

  clock(): Clock {
    return this.#store.clock();
  }

  create(session: Session, limits?: AccountLimits): Promise<void> {
    return this.#store.create(session, limits);
  }

  read(name: string): Promise<Session> {
    return this.#store.read(name);
  }

  async update<T>(
    name: string,
    transition: StoreTransition<T>,
    limits?: AccountLimits,
  ): Promise<Committed<T>> {
    if (this.#changed.has(name) && this.#hardships.wakes?.() === true) this.#wake(name);
    const committed = await this.#store.update(
      name,
      (session, clock) => {
        this.#rehearse(() => transition(this.#stale.get(name) ?? session, clock));
        return transition(session, clock);
      },
      limits,
    );
    const { before, after } = committed;
    if (before === after) return committed;
    this.#stale.set(name, before);
    this.#changed.add(name);
    if (this.#hardships.losesAnswer?.(name) === true)
      throw new Refusal('storage_busy', 'the answer was lost');
    return committed;
  }

  /** Runs a transition and ignores its outcome and errors. */
  #rehearse(transition: () => unknown): void {
    try {
      transition();
    } catch {
      // Only the call on the newest session counts.
    }
  }

  #wake(name: string): void {
    this.#changed.delete(name);
    // A copy: a woken watcher may unsubscribe, or subscribe again.
    for (const wake of Array.from(this.#watchers.get(name) ?? [])) wake();
  }

  readBytes(...place: Parameters<Store['readBytes']>): Promise<Buffer> {
    return this.#store.readBytes(...place);
  }

  async remove(name: string): Promise<boolean> {
    const wasThere = await this.#store.remove(name);
    this.#stale.delete(name);
    this.#changed.delete(name);
    return wasThere;
  }

  has(name: string): Promise<boolean> {
    return this.#store.has(name);
  }

  count(): Promise<number> {
    return this.#store.count();
  }

  listAccount(account: string): Promise<readonly string[]> {
    return this.#store.listAccount(account);
  }

  watch(name: string, wake: () => void): () => void {
    const watchers = this.#watchers.get(name) ?? new Set();
    this.#watchers.set(name, watchers);
    watchers.add(wake);
    const unwatch = this.#store.watch(name, wake);
    return () => {
      watchers.delete(wake);
      if (watchers.size === 0 && this.#watchers.get(name) === watchers) this.#watchers.delete(name);
      unwatch();
    };
  }

  onDue(ring: (name: string) => Promise<void>): void {
    this.#store.onDue(ring);
  }

  take(bucket: string, rate: Rate): Promise<void> {
    return this.#store.take(bucket, rate);
  }

  observe(observer: StoreObserver): void {
    this.#store.observe(observer);
  }

  check(): Promise<void> {
    return this.#store.check();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

export function hardenStore(store: Store, hardships: Hardships = {}): Store {
  return new HardStore(store, hardships);
}
