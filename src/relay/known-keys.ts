/** Finds the session of a key, and caches it: one derivation and one look-up in the store per key. */
import { deriveListenerKey, nameSession } from '../protocol/key-derivation.ts';
import type { Store } from '../store/store.ts';
import type { EventSink, SessionEvent } from './session-event.ts';

export interface KnownKey {
  readonly kind: 'session' | 'listener';
  /** The session's name in the store. */
  readonly name: string;
  readonly listenerKey: string;
}

/** Size of the cache; an entry has some 400 bytes. */
const maxKnown = 20_000;

export class KnownKeys implements EventSink {
  readonly #store: Store;
  /** In order of last use. */
  readonly #known = new Map<string, KnownKey>();
  /** The session key and the listener key of a session, by its name. */
  readonly #keys = new Map<string, Set<string>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * The cached entry of this key. It cannot become wrong, since session names are never reused. If the session has
   * ended meanwhile, the next call of the store for it fails.
   */
  recall(key: string): KnownKey | undefined {
    const known = this.#known.get(key);
    // The order of use matters only when the cache may soon evict entries.
    if (known && this.#known.size > maxKnown / 2) {
      this.#known.delete(key);
      this.#known.set(key, known);
    }
    return known;
  }

  /** Looks the key up in the store. Undefined if no session has this key. */
  async learn(key: string): Promise<KnownKey | undefined> {
    const known = await this.#ask(key);
    if (!known) return undefined;
    this.#known.set(key, known);
    this.#keys.set(known.name, (this.#keys.get(known.name) ?? new Set()).add(key));
    // The session may have ended during the look-up.
    if (!(await this.#store.has(known.name))) {
      this.#forget(known.name);
      return undefined;
    }
    const [oldest] = this.#known.values();
    if (this.#known.size > maxKnown && oldest) this.#forget(oldest.name);
    return known;
  }

  #forget(name: string): void {
    for (const key of this.#keys.get(name) ?? []) this.#known.delete(key);
    this.#keys.delete(name);
  }

  /** Removes a session that ended at this relay from the cache, so that its requests are refused before any other check. */
  emit({ session, change }: SessionEvent): void {
    if (change.subject === 'session' && change.what !== 'created') this.#forget(session);
  }

  async #ask(key: string): Promise<KnownKey | undefined> {
    const listenerKey = deriveListenerKey(key);
    const asSession = nameSession(listenerKey);
    if (await this.#store.has(asSession)) return { kind: 'session', name: asSession, listenerKey };
    const asListener = nameSession(key);
    if (await this.#store.has(asListener)) return { kind: 'listener', name: asListener, listenerKey: key };
    return undefined;
  }
}
