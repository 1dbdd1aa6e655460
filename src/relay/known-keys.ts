/** Which session a key opens: derived once, and asked of the store once. */
import { deriveListenerKey, nameSession } from '../protocol/key-derivation.ts';
import type { Store } from '../store/store.ts';
import type { EventSink, SessionEvent } from './session-event.ts';

export interface KnownKey {
  readonly kind: 'session' | 'listener';
  /** The session's name in the store. */
  readonly name: string;
  readonly listenerKey: string;
}

/** Some 400 bytes each. */
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
   * What is known of this key without asking. It stays true: names do not come back. That the session ended meanwhile is seen by the
   * next call that names it.
   */
  recall(key: string): KnownKey | undefined {
    const known = this.#known.get(key);
    // The order is of use only where some are about to be forgotten.
    if (known && this.#known.size > maxKnown / 2) {
      this.#known.delete(key);
      this.#known.set(key, known);
    }
    return known;
  }

  /** Asks the store. Undefined where no session has this key. */
  async learn(key: string): Promise<KnownKey | undefined> {
    const known = await this.#ask(key);
    if (!known) return undefined;
    this.#known.set(key, known);
    this.#keys.set(known.name, (this.#keys.get(known.name) ?? new Set()).add(key));
    // It may have ended while the store was asked.
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

  /** A session that ends at this relay is asked for anew, so that its requests are refused before anything else is looked at. */
  emit({ session, change }: SessionEvent): void {
    if (change.subject === 'session' && change.what !== 'made') this.#forget(session);
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
