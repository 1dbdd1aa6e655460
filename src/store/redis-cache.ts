/** Sessions as this process knows them: each look at Redis says whether that is still how they are. */
import type { Session } from '../session/session.ts';

export interface Entry {
  /** As Redis has it: text that only Redis and its scripts count with. */
  readonly version: string;
  /** What led to that version. */
  readonly operation: string;
  readonly session: Session;
}

/** About what a session and each of its commands and keys take in memory. */
const sessionBytes = 2_000;
const commandBytes = 1_500;
const keyBytes = 500;

/** The memory that sessions may take which no request waits for. */
const maxBytes = 256 * 1024 * 1024;

/** How many of the oldest are looked at for each that comes: those that are watched are passed over. */
const looksPerPut = 8;

function weigh({ commands, pastKeys }: Session): number {
  return sessionBytes + commands.length * commandBytes + pastKeys.pages.length * 256 * keyBytes;
}

export class SessionCache {
  /** By age of the last look. */
  readonly #entries = new Map<string, Entry>();
  readonly #stale = new Set<string>();
  readonly #isWatched: (name: string) => boolean;
  #bytes = 0;

  /** Sessions that are watched stay. */
  constructor(isWatched: (name: string) => boolean) {
    this.#isWatched = isWatched;
  }

  get(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Nothing says that it was overtaken. */
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

  /** A look has shown that this is how it is. */
  confirm(name: string, entry: Entry): void {
    if (this.#entries.get(name) === entry) this.#stale.delete(name);
  }

  /** Another process changed it. */
  invalidate(name: string): void {
    if (this.#entries.has(name)) this.#stale.add(name);
  }
}
