/**
 * A store that does all that stores are allowed to do, and that the local ones seldom do: it calls each transition twice, on an older
 * session first; it wakes watchers without need; and it loses the answers of updates that were applied. To be put under a relay.
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
  /** Asked after each update that was applied: whether its answer is lost. Never, unless it is given. */
  readonly losesAnswer?: (name: string) => boolean;
  /** Asked before each update, once after each change: whether watchers are woken without need. Never, unless it is given. */
  readonly wakes?: () => boolean;
}

/** One answer in so many is lost, and one update in so many wakes watchers without need. */
export function drawHardships(random: Random, loseOneIn: number, wakeOneIn: number): Hardships {
  return { losesAnswer: () => random.oneIn(loseOneIn), wakes: () => random.oneIn(wakeOneIn) };
}

class HardStore implements Store {
  readonly #store: Store;
  readonly #hardships: Hardships;
  readonly #watchers = new Map<string, Set<() => void>>();
  /** The session before the last change: what a store that is shared may show to a transition first. */
  readonly #stale = new Map<string, Session>();
  /** Changed since it was woken without need: woken at each update, two watchers that update would wake each other for ever. */
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

  /** Its outcome does not count, nor what it throws. */
  #rehearse(transition: () => unknown): void {
    try {
      transition();
    } catch {
      // The newest session decides.
    }
  }

  #wake(name: string): void {
    this.#changed.delete(name);
    // A list of its own: who is woken may let go, or watch anew.
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
