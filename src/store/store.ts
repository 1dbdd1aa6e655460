/**
 * The interface of a store: it keeps sessions and the bytes of their commands. A store does not know the state machine, only the outcomes
 * of transitions. The interface is the same whether or not other processes share the store.
 */
import type { Clock } from '../session/apply-transition.ts';
import type { Outcome, Part, Piece, Session } from '../session/session.ts';
/** A transition as the store runs it, under the store's clock. */
export type StoreTransition<T> = (session: Session, clock: Clock) => Outcome<T>;

/** The result of an update that was stored. */
export interface Committed<T> {
  readonly result: T;
  readonly before: Session;
  /** The very same object as `before` when nothing changed. */
  readonly after: Session;
  /** The store's clock when the transition ran. */
  readonly clock: Clock;
  /** The bytes that were written with it. */
  readonly put: readonly Piece[];
}

/** Limits for all sessions of one account together: how many sessions, how many bytes. */
export interface AccountLimits {
  readonly sessions: number;
  readonly bytes: number;
}

/** A rate limit: `burst` + 1 requests at once, then `count` requests in `perSeconds`. */
export interface Rate {
  readonly count: number;
  readonly perSeconds: number;
  readonly burst: number;
}

/** Receives an event for each call to the store's engine (Redis). A store without an engine sends no events. */
export interface StoreObserver {
  /** A call was answered after `ms` milliseconds. */
  called(ms: number): void;
  /** A call got no answer, or an error. */
  failed(): void;
  /** An update conflicted with an update of another process and was restarted. */
  conflicted(): void;
}

/** Allocates the buffer that bytes are read into. */
export type Allocate = (bytes: number) => Buffer;

export interface Store {
  /** Whether the store has dropped all references to the bytes of an update once the update resolves, so that the caller may reuse them. */
  readonly copiesPieces: boolean;

  /** The clock that all users of this store share. Every transition and every displayed age uses it. */
  clock(): Clock;

  /** Stores a new session. Resolves once the session is as durable as this store can make it. Throws `too_many_sessions`. */
  create(session: Session, limits?: AccountLimits): Promise<void>;

  /** The newest stored version of the session; does not wait for running updates. Throws `gone`. */
  read(name: string): Promise<Session>;

  /**
   * One atomic update, bytes included. The transition is a pure function and MAY BE CALLED AGAIN on a newer session: only its last
   * result counts. An error of the transition, or "no change", reaches the caller only if the transition ran on the newest session; the
   * session then stays unchanged. Resolves once bytes and session are stored; the store then wakes the watchers. A quiet outcome may be
   * kept in memory only and wakes no watcher. Applied at most once, even if the engine's answer was lost. Throws `gone`;
   * `address_quota` when the new bytes exceed the quota of the session's account; `storage_full` or `storage_busy` when the update
   * could not be stored. After `storage_busy` it is unknown whether the update was applied.
   */
  update<T>(name: string, transition: StoreTransition<T>, limits?: AccountLimits): Promise<Committed<T>>;

  /**
   * Reads at most `maxBytes` of a part from an offset; empty if the part was evicted. The session has the size of each part: fewer bytes
   * than that mean damage, and bytes past it do not count. Bytes that are already in memory are returned without a copy; others may be
   * read into a buffer from `allocate`.
   */
  readBytes(
    name: string,
    id: string,
    part: Part,
    offset: number,
    maxBytes: number,
    allocate?: Allocate,
  ): Promise<Buffer>;

  /** Removes the session and its bytes, and wakes its watchers. Resolves with whether the session existed. */
  remove(name: string): Promise<boolean>;

  has(name: string): Promise<boolean>;

  /** How many sessions there are. */
  count(): Promise<number>;

  /** The sessions of one account. Used to free space when the account reaches its quota. */
  listAccount(account: string): Promise<readonly string[]>;

  /**
   * Calls `wake` after each loud (not quiet) change of the session, after its removal, and when changes may have been missed: a wake does
   * not guarantee a change. The returned function stops the watch.
   */
  watch(name: string, wake: () => void): () => void;

  /**
   * Calls `ring` for each session at the time that `dueAt` returned at its last update: at least once, in at least one of the processes,
   * and again until an update moves the deadline.
   */
  onDue(ring: (name: string) => Promise<void>): void;

  /** Counts one request against a rate limit that all processes share. Throws `rate_limited` with Retry-After. */
  take(bucket: string, rate: Rate): Promise<void>;

  /** Adds an observer for all later calls. */
  observe(observer: StoreObserver): void;

  /** Checks that the store accepts a write now. Throws `storage_full` or `storage_busy` if not. Calls may overlap. */
  check(): Promise<void>;

  /** Resolves when everything is stored. No calls are allowed after it. */
  close(): Promise<void>;
}

/** The next deadline of a session, ms since 1970. */
export type DueAt = (session: Session, clock: Clock) => number;

export const neverDue: DueAt = () => Infinity;

/** What acknowledged data survives: the end of the process, the loss of the store's machine, or a power cut. */
export type StoreDurability = 'process' | 'replica' | 'power';

export interface StoreOptions {
  /** Logs a problem that does not stop the relay. */
  readonly warn: (text: string) => void;
  /** What acknowledged data survives; the default is `process`. */
  readonly durability?: StoreDurability;
  /** For onDue(). By default sessions have no deadline. */
  readonly dueAt?: DueAt;
}
