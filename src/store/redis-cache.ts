/** A cache of sessions in this process. Every read from Redis checks whether the cached version is still the newest. */
import type { Session } from '../session/session.ts';

export interface Entry {
  /** The version in Redis, as text. */
  readonly version: string;
  /** The operation that wrote this version. */
  readonly operation: string;
  readonly session: Session;
}

/** The approximate memory of a session, of each command and of each idempotency key. */
const sessionBytes = 2_000;
const commandBytes = 1_500;
const keyBytes = 500;

/** The limit for sessions without watchers. */
const maxBytes = 256 * 1024 * 1024;

/** How many of the oldest entries each put() tries to evict; watched sessions are skipped. */
const looksPerPut = 8;

function weigh({ commands, pastKeys }: Session): number {
  return sessionBytes + commands.length * commandBytes + pastKeys.pages.length * 256 * keyBytes;
}

export class SessionCache {
  /** The entry that was stored longest ago is first. */
  readonly #entries = new Map<string, Entry>();
  readonly #stale = new Set<string>();
  readonly #isWatched: (name: string) => boolean;
  #bytes = 0;

  /** Watched sessions are not evicted. */
  constructor(isWatched: (name: string) => boolean) {
    this.#isWatched = isWatched;
  }

  get(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Whether the entry exists and is not known to be outdated. */
  isCurrent(name: string): boolean {
    return this.#entries.has(name) && !this.#stale.has(name);
  }

  put(name: string, entry: Entry): void {
    this.delete(name);
    this.#entries.set(name, entry);
    this.#bytes += weigh(entry.session);
    for (let looks = 0; looks < looksPerPut && this.#bytes > maxBytes; looks += 1) this.#evictOldest();
  }

  #evictOldest(): void {
    const [oldest] = this.#entries;
    if (!oldest) return;
    const [name, entry] = oldest;
    if (!this.#isWatched(name)) return this.delete(name);
    this.#entries.delete(name);
    this.#entries.set(name, entry);
  }

  delete(name: string): void {
    const known = this.#entries.get(name);
    this.#stale.delete(name);
    if (!known) return;
    this.#entries.delete(name);
    this.#bytes -= weigh(known.session);
  }

  /** A read from Redis has shown that this entry is the newest version. */
  confirm(name: string, entry: Entry): void {
    if (this.#entries.get(name) === entry) this.#stale.delete(name);
  }

  /** Marks the entry as outdated, because another process changed the session. */
  invalidate(name: string): void {
    if (this.#entries.has(name)) this.#stale.add(name);
  }
}
