/** A store for one process: all sessions are in memory, and a medium (files, or memory only) persists them. */
import { Refusal } from '../protocol/errors.ts';
import type { Clock } from '../session/apply-transition.ts';
import type { Command } from '../session/command.ts';
import { usedBytes } from '../session/open-commands.ts';
import { reopenSession } from '../session/reopen-session.ts';
import type { Piece, Session } from '../session/session.ts';
import { Accounts } from './accounts.ts';
import { DueTimers } from './due-timers.ts';
import { Lines } from './lines.ts';
import { RateLimits } from './rate-limits.ts';
import { StoreClock } from './store-clock.ts';
import {
  type AccountLimits,
  type Committed,
  type DueAt,
  neverDue,
  type Rate,
  type Store,
  type StoreTransition,
} from './store.ts';
import { listUnusedParts } from './unused-parts.ts';
import { Watchers } from './watchers.ts';

/** Persists sessions and bytes. Writing calls for one session never overlap. */
export interface Medium {
  load(): Promise<Session[]>;
  /** Stores the session and these pieces, all or nothing. It copies the bytes: once it resolves, the caller may reuse their memory. */
  save(session: Session, pieces: readonly Piece[]): Promise<void>;
  /** Removes a session with all its files. */
  removeSession(name: string): Promise<void>;
  /** Removes input and output of a command, and with `all` its script too. `command` is the command before the update. */
  removeParts(name: string, command: Command, all: boolean): Promise<void>;
  readonly read: Store['readBytes'];
  /** Throws a refusal if a write fails now. Calls never overlap. */
  check(): Promise<void>;
  close(): Promise<void>;
}

class LocalStore implements Store {
  readonly copiesPieces = true;
  readonly #medium: Medium;
  readonly #dueAt: DueAt;
  readonly #watchers = new Watchers();
  readonly #clock = new StoreClock();
  readonly #accounts = new Accounts();
  readonly #rateLimits = new RateLimits();
  readonly #timers: DueTimers;
  readonly #sessions = new Map<string, Session>();
  readonly #lines = new Lines();
  #checking: Promise<void> | undefined;

  constructor(medium: Medium, sessions: Session[], dueAt: DueAt) {
    this.#medium = medium;
    this.#dueAt = dueAt;
    const { now } = this.#clock.read();
    // If the clock was ahead before the restart, stored times may be in the future.
    for (const session of sessions) {
      this.#sessions.set(session.name, reopenSession(session, 0, now));
      this.#accounts.add(session);
    }
    this.#timers = new DueTimers({
      now: () => this.#clock.read().now,
      dueOf: (name) => {
        const session = this.#sessions.get(name);
        return session && this.#dueAt(session, this.#clock.read());
      },
    });
  }

  clock(): Clock {
    return this.#clock.read();
  }

  #find(name: string): Session {
    const session = this.#sessions.get(name);
    if (!session) throw new Refusal('gone');
    return session;
  }

  create(session: Session, limits?: AccountLimits): Promise<void> {
    return this.#lines.run(session.name, async () => {
      // Counted before it is stored, so that two simultaneous requests cannot pass the limit together.
      this.#accounts.add(session, limits);
      try {
        await this.#medium.save(session, []);
      } catch (error) {
        this.#accounts.remove(session);
        throw error;
      }
      this.#sessions.set(session.name, session);
      this.#timers.follow(session.name);
    });
  }

  async read(name: string): Promise<Session> {
    return this.#find(name);
  }

  update<T>(name: string, transition: StoreTransition<T>, limits?: AccountLimits): Promise<Committed<T>> {
    return this.#lines.run(name, async () => {
      const before = this.#find(name);
      const clock = this.#clock.read();
      const {
        session: after,
        result,
        put = [],
        quiet = false,
        overQuotaBytes = 0,
      } = transition(before, clock);
      const committed = { result, before, after, clock, put };
      if (after === before) return committed;
      if (!quiet) await this.#save(before, after, put, overQuotaBytes, limits);
      this.#sessions.set(name, after);
      this.#timers.follow(name);
      if (!quiet) {
        this.#watchers.wake(name);
        await this.#removeUnused(before, after);
      }
      return committed;
    });
  }

  async #save(
    before: Session,
    after: Session,
    put: readonly Piece[],
    allowedExcess: number,
    limits?: AccountLimits,
  ): Promise<void> {
    const growth = before.commands === after.commands ? 0 : usedBytes(after) - usedBytes(before);
    this.#accounts.reserve(after, growth, allowedExcess, limits);
    try {
      await this.#medium.save(after, put);
    } catch (error) {
      this.#accounts.reserve(after, -growth, 0);
      throw error;
    }
  }

  /** Removes bytes that the session no longer has. Errors are ignored: a file that stays only costs space. */
  async #removeUnused(before: Session, after: Session): Promise<void> {
    for (const { command, isDropped } of listUnusedParts(before, after))
      await this.#medium.removeParts(before.name, command, isDropped).catch(() => undefined);
  }

  remove(name: string): Promise<boolean> {
    return this.#lines.run(name, async () => {
      const session = this.#sessions.get(name);
      if (!session) return false;
      // If this fails, the session still exists and the caller can retry.
      await this.#medium.removeSession(name);
      this.#sessions.delete(name);
      this.#accounts.remove(session);
      this.#timers.forget(name);
      this.#watchers.wake(name);
      return true;
    });
  }

  async has(name: string): Promise<boolean> {
    return this.#sessions.has(name);
  }

  async count(): Promise<number> {
    return this.#sessions.size;
  }

  async listAccount(account: string): Promise<readonly string[]> {
    return this.#accounts.list(account);
  }

  readBytes(...where: Parameters<Store['readBytes']>): Promise<Buffer> {
    return this.#medium.read(...where);
  }

  watch(name: string, wake: () => void): () => void {
    return this.#watchers.watch(name, wake);
  }

  onDue(ring: (name: string) => Promise<void>): void {
    this.#timers.start(ring, this.#sessions.keys());
  }

  take(bucket: string, rate: Rate): Promise<void> {
    return this.#rateLimits.take(bucket, rate);
  }

  observe(): void {}

  check(): Promise<void> {
    // Simultaneous calls share one check.
    this.#checking ??= this.#medium.check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async close(): Promise<void> {
    const ended = this.#lines.close();
    this.#timers.close();
    this.#clock.close();
    await ended;
    await this.#medium.close();
  }
}

export async function openLocalStore(medium: Medium, dueAt: DueAt = neverDue): Promise<Store> {
  return new LocalStore(medium, await medium.load(), dueAt);
}
