/**
 * What keeps sessions and their bytes. Stores know no state machine, only its outcomes; nothing here says whether other processes share
 * the store.
 */
import type { Clock } from '../session/apply-transition.ts';
import type { Outcome, Part, Piece, Session } from '../session/session.ts';
/** A transition as the store runs it, under the store's clock. */
export type StoreTransition<T> = (session: Session, clock: Clock) => Outcome<T>;

/** What an update did, once it is kept. */
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

/** How much the sessions of one account may be and hold, all together. */
export interface AccountLimits {
  readonly sessions: number;
  readonly bytes: number;
}

/** One and the burst at once, and then no faster than the rate. */
export interface Rate {
  readonly count: number;
  readonly perSeconds: number;
  readonly burst: number;
}

/** Told of the calls to an engine of its own that a store has; one without an engine tells nothing. */
export interface StoreObserver {
  /** One call was answered after so many ms. */
  called(ms: number): void;
  /** One call was not answered, or refused. */
  failed(): void;
  /** An update met one of another process, and was begun anew. */
  conflicted(): void;
}

/** Gives the memory for bytes that are read into it. */
export type Allocate = (bytes: number) => Buffer;

export interface Store {
  /** Whether nothing here refers to the bytes of an update once it has resolved. */
  readonly copiesPieces: boolean;

  /** The clock of all who share this store: for every transition and every age that is shown. */
  clock(): Clock;

  /** Keeps a new session. Resolves when it would survive a crash, as far as this store survives any. Throws `too_many_sessions`. */
  create(session: Session, limits?: AccountLimits): Promise<void>;

  /** The newest that is kept; does not wait for updates under way. Throws `gone`. */
  read(name: string): Promise<Session>;

  /**
   * One atomic update, bytes included. The transition is a pure function and MAY BE CALLED AGAIN on a newer session: only what it
   * returned last counts. What it throws, or "no change", is passed on for the newest session only, and leaves the session as it was.
   * Resolves once bytes and session are kept, after which watchers are woken; a quiet outcome may be kept in memory and wakes no one.
   * Applied at most once, also where the answer of an engine was lost. Throws `gone`; `address_quota` when the account of the session
   * may not hold the new bytes; `storage_full` or `storage_busy` when nothing could be kept. After `storage_busy` it is unknown
   * whether it was applied.
   */
  update<T>(name: string, transition: StoreTransition<T>, limits?: AccountLimits): Promise<Committed<T>>;

  /**
   * At most `maxBytes` of a part from an offset; empty where it was evicted. How far a part goes is said by the session: fewer bytes than
   * that are damage, and bytes past it do not count. Bytes that are in memory already are given as they are, others may be read into what
   * `allocate` gives.
   */
  readBytes(
    name: string,
    id: string,
    part: Part,
    offset: number,
    maxBytes: number,
    allocate?: Allocate,
  ): Promise<Buffer>;

  /** Forgets the session and its bytes, and wakes its watchers. Resolves with whether it was there. */
  remove(name: string): Promise<boolean>;

  has(name: string): Promise<boolean>;

  /** How many sessions there are. */
  count(): Promise<number>;

  /** The sessions of one account: for making room where its quota is reached. */
  listAccount(account: string): Promise<readonly string[]>;

  /**
   * Calls back after each loud change of the session, and after its end; also when changes may have been missed, so a wake promises no
   * change. Until the returned function is called.
   */
  watch(name: string, wake: () => void): () => void;

  /**
   * Rings for each session at the point that `dueAt` named at its last update: at least once, by at least one of the processes, and
   * again until an update moves it.
   */
  onDue(ring: (name: string) => Promise<void>): void;

  /** Counts against one limit for all processes. Throws `rate_limited` with Retry-After. */
  take(bucket: string, rate: Rate): Promise<void>;

  /** From now on this observer is told. */
  observe(observer: StoreObserver): void;

  /** Resolves when something could be kept now; throws `storage_full` or `storage_busy` when nothing could. Calls may overlap. */
  check(): Promise<void>;

  /** Resolves when everything is kept; no calls after it. */
  close(): Promise<void>;
}

/** When the clock is to ring for a session next, ms since 1970. */
export type DueAt = (session: Session, clock: Clock) => number;

export const neverDue: DueAt = () => Infinity;

/** What an acknowledgement outlives: the end of the process, that of the store's own machine, or a power cut. */
export type StoreDurability = 'process' | 'replica' | 'power';

export interface StoreOptions {
  /** Something is wrong that does not stop the relay. */
  readonly warn: (text: string) => void;
  /** What an acknowledgement outlives; `process` unless it is given. */
  readonly durability?: StoreDurability;
  /** For onDue(); never, unless it is given. */
  readonly dueAt?: DueAt;
}
