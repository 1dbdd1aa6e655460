/** Room for new bytes of an account that has reached its quota: the oldest outputs of its ended commands are evicted. */
import { Refusal } from '../protocol/errors.ts';
import { chooseAccount } from '../session/account.ts';
import { storedFlowBytes } from '../session/open-commands.ts';
import { evict, listEvictable, rankEviction } from '../session/quota.ts';
import type { Session } from '../session/session.ts';
import type { Committed, Store } from '../store/store.ts';

/** Evicting looks at all sessions of the account: this much of the quota is freed at once, so that it is seldom. */
const freedShare = 1 / 8;

interface Evictable {
  readonly session: string;
  readonly id: string;
  readonly bytes: number;
  readonly rank: number;
}

/** An account with nothing to evict is not looked at again sooner, unless one of its commands ends. */
const restMs = 1_000;

export class AccountRoom {
  readonly #store: Store;
  readonly #quotaBytes: number;
  readonly #onEvicted: (committed: Committed<unknown>) => void;
  /** When there was nothing to evict, by account and `performance.now()`. */
  readonly #barren = new Map<string, number>();
  /** Evictions under way, by account: updates of one moment share one. */
  readonly #running = new Map<string, Promise<boolean>>();

  /** `onEvicted` is called after each session that lost output. */
  constructor(store: Store, quotaBytes: number, onEvicted: (committed: Committed<unknown>) => void) {
    this.#store = store;
    this.#quotaBytes = quotaBytes;
    this.#onEvicted = onEvicted;
  }

  /** Does the work, and does it again as long as the quota refuses it and there is something to evict. */
  async withRoom<T>(name: string, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const isFull = error instanceof Refusal && error.code === 'address_quota';
        if (!isFull || !(await this.#makeRoom(name))) throw error;
      }
    }
  }

  /** Resolves with whether anything was evicted. */
  async #makeRoom(name: string): Promise<boolean> {
    const { madeFrom } = await this.#store.read(name);
    if (madeFrom === null) return false;
    const account = chooseAccount(madeFrom);
    if (performance.now() - (this.#barren.get(account) ?? -restMs) < restMs) return false;
    const running =
      this.#running.get(account) ?? this.#evictOldest(account).finally(() => this.#running.delete(account));
    this.#running.set(account, running);
    return running;
  }

  /** A command of this session ended: its output may be evicted. */
  reconsider({ madeFrom }: Session): void {
    if (madeFrom !== null && this.#barren.size > 0) this.#barren.delete(chooseAccount(madeFrom));
  }

  async #evictOldest(account: string): Promise<boolean> {
    const evictable = (await this.#listEvictable(account)).toSorted((a, b) => a.rank - b.rank);
    const chosen = new Map<string, Set<string>>();
    let freed = 0;
    for (const { session, id, bytes } of evictable) {
      if (freed >= this.#quotaBytes * freedShare) break;
      chosen.set(session, (chosen.get(session) ?? new Set()).add(id));
      freed += bytes;
    }
    let isDone = false;
    for (const [session, ids] of chosen) if (await this.#evict(session, ids)) isDone = true;
    if (isDone) this.#barren.delete(account);
    else this.#rest(account);
    return isDone;
  }

  #rest(account: string): void {
    this.#barren.set(account, performance.now());
    setTimeout(() => this.#barren.delete(account), restMs).unref();
  }

  async #listEvictable(account: string): Promise<Evictable[]> {
    const all: Evictable[] = [];
    for (const session of await this.#store.listAccount(account)) {
      const kept = await this.#store.read(session).catch(() => undefined);
      if (!kept) continue;
      for (const command of listEvictable(kept)) {
        const bytes = storedFlowBytes(command);
        all.push({ session, id: command.id, bytes, rank: rankEviction(kept, command) });
      }
    }
    return all;
  }

  /** A session that ended meanwhile has made room by that. */
  async #evict(name: string, ids: ReadonlySet<string>): Promise<boolean> {
    const transition = this.#store.update(name, (session) => {
      const still = listEvictable(session).filter(({ id }) => ids.has(id));
      const evicted = evict(session, new Set(still.map(({ id }) => id)));
      return evicted === session
        ? { session, result: undefined }
        : { session: { ...evicted, revision: session.revision + 1 }, result: undefined };
    });
    return transition.then(
      (committed) => {
        this.#onEvicted(committed);
        return true;
      },
      (error: unknown) => error instanceof Refusal && error.code === 'gone',
    );
  }
}
