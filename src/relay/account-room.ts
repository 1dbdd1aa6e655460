/** Makes room for an account that has reached its quota: evicts the oldest outputs of its ended commands. */
import { Refusal } from '../protocol/errors.ts';
import { chooseAccount } from '../session/account.ts';
import { storedFlowBytes } from '../session/open-commands.ts';
import { evict, listEvictable, rankEviction } from '../session/quota.ts';
import type { Session } from '../session/session.ts';
import type { Committed, Store } from '../store/store.ts';

/** The share of the quota that one eviction frees. It reads all sessions of the account, so it must be rare. */
const freedShare = 1 / 8;

interface Evictable {
  readonly session: string;
  readonly id: string;
  readonly bytes: number;
  readonly rank: number;
}

/** If an account has nothing to evict, it is not checked again for this long, unless one of its commands ends. */
const restMs = 1_000;

export class AccountRoom {
  readonly #store: Store;
  readonly #quotaBytes: number;
  readonly #onEvicted: (committed: Committed<unknown>) => void;
  /** By account: when there was nothing to evict, by `performance.now()`. */
  readonly #barren = new Map<string, number>();
  /** Running evictions by account: updates at the same time share one. */
  readonly #running = new Map<string, Promise<boolean>>();

  /** Calls `onEvicted` for each session from which it evicted output. */
  constructor(store: Store, quotaBytes: number, onEvicted: (committed: Committed<unknown>) => void) {
    this.#store = store;
    this.#quotaBytes = quotaBytes;
    this.#onEvicted = onEvicted;
  }

  /** Runs `work`; if the quota refuses it, evicts output and retries, until it succeeds or there is nothing to evict. */
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

  /** Called when a command of this session ended: its output can be evicted from now on. */
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

  /** Resolves with whether there is more room, which is also the case if the session has ended meanwhile. */
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
