/** Reads sessions from Redis: sends the version in the cache, and gets back only the fields that changed since. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Refusal } from '../protocol/errors.ts';
import { shortName } from '../protocol/keys.ts';
import { type Entry, SessionCache } from './redis-cache.ts';
import type { RedisClient, Reply } from './redis-client.ts';
import { busy } from './redis-failure.ts';
import { keysOf } from './redis-layout.ts';
import { readScript } from './redis-scripts.ts';
import { applyChange } from './redis-session.ts';

/** A map from a list of alternating names and values. */
function pairUp(list: Reply | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (!Array.isArray(list)) return found;
  for (let at = 0; at + 1 < list.length; at += 2) found.set(String(list[at]), String(list[at + 1]));
  return found;
}

export interface ReaderOptions {
  readonly isWatched: (name: string) => boolean;
  readonly warn: (text: string) => void;
}

export class RedisReader {
  readonly cache: SessionCache;
  readonly #client: RedisClient;
  readonly #warn: (text: string) => void;
  /** Reads that are not sent yet: calls for the same session in the same turn of the event loop share one. */
  readonly #waiting = new Map<string, Promise<Entry>>();
  readonly #damaged = new Set<string>();

  constructor(client: RedisClient, { isWatched, warn }: ReaderOptions) {
    this.cache = new SessionCache(isWatched);
    this.#client = client;
    this.#warn = warn;
  }

  /** The cached session, unless it is known to be outdated. */
  get(name: string): Entry | undefined {
    return this.cache.isCurrent(name) ? this.cache.get(name) : undefined;
  }

  /** Reads the newest session. The read is sent after this call, never before. Throws `gone` or `storage_busy`. */
  look(name: string): Promise<Entry> {
    const waiting = this.#waiting.get(name);
    if (waiting) return waiting;
    const mine = nextTurn().then(() => {
      this.#waiting.delete(name);
      return this.#ask(name);
    });
    this.#waiting.set(name, mine);
    return mine;
  }

  async #ask(name: string): Promise<Entry> {
    const known = this.cache.get(name);
    return (await this.#read(name, known)) ?? (await this.#read(name, undefined)) ?? this.#refuse(name);
  }

  /** Undefined if the reply is invalid or does not match the cached version. */
  async #read(name: string, known: Entry | undefined): Promise<Entry | undefined> {
    const { session, index } = keysOf(name);
    const newestBefore = this.cache.get(name);
    const reply = await this.#client.run(
      readScript,
      [session, index],
      [known?.version ?? '', known?.operation ?? ''],
    );
    const [version, operation, meta, fields, extent] = Array.isArray(reply)
      ? (reply as readonly Reply[])
      : [];
    if (version === undefined) {
      this.cache.delete(name);
      throw new Refusal('gone');
    }
    const newest = this.cache.get(name);
    // A commit of this process may have put a newer version into the cache meanwhile.
    if (
      newest &&
      Number(newest.version) >= Number(version) &&
      (meta === undefined || newest !== newestBefore)
    ) {
      this.cache.confirm(name, newest);
      return newest;
    }
    if (!/^\d{1,15}$/.test(String(version))) return undefined;
    if (meta === undefined) return known;
    const found = applyChange(extent === 'all' ? undefined : known?.session, String(meta), pairUp(fields));
    if (found?.name !== name) return undefined;
    const entry = { version: String(version), operation: String(operation), session: found };
    this.cache.put(name, entry);
    return entry;
  }

  #refuse(name: string): never {
    if (this.#damaged.size < 100 && !this.#damaged.has(name)) {
      this.#damaged.add(name);
      this.#warn(`session ${shortName(name)}: its data in Redis is invalid`);
    }
    throw busy();
  }
}
