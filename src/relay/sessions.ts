/** Reads and updates the sessions in the store: applies quotas and deadlines, and emits an event for each change. */
import { Refusal } from '../protocol/errors.ts';
import { shortName } from '../protocol/keys.ts';
import { applyTransition, type Clock, type Transition, viewSession } from '../session/apply-transition.ts';
import { isEnding } from '../session/changes.ts';
import type { Outcome, Session } from '../session/session.ts';
import { touch } from '../session/time.ts';
import type { AccountLimits, Committed, Store } from '../store/store.ts';
import { AccountRoom } from './account-room.ts';
import type { Exchange } from './exchange.ts';
import type { RelayOptions } from './relay-options.ts';
import { type EventSink, listEvents } from './session-event.ts';

type SessionOptions = Pick<RelayOptions, 'store' | 'ttlMs' | 'quotas' | 'log'>;

/** The sender of a request. */
export type Actor = Pick<Exchange, 'address'>;

function keepAsIs(session: Session): Outcome<void> {
  return { session, result: undefined };
}

export class Sessions {
  readonly store: Store;
  readonly #options: SessionOptions;
  readonly #events: EventSink;
  readonly #room: AccountRoom;
  readonly #limits: AccountLimits;

  constructor(options: SessionOptions, events: EventSink) {
    this.store = options.store;
    this.#options = options;
    this.#events = events;
    const { sessionsPerAddress: sessions, bytesPerAddress: bytes } = options.quotas;
    this.#limits = { sessions, bytes };
    this.#room = new AccountRoom(options.store, options.quotas.bytesPerAddress, (committed) =>
      this.#emit(committed, null),
    );
  }

  /** From now on, updates each session whose deadline passes. */
  open(): void {
    this.store.onDue((name) => this.#ring(name));
  }

  get ttlMs(): number {
    return this.#options.ttlMs;
  }

  clock(): Clock {
    return this.store.clock();
  }

  /** Throws `too_many_sessions` if the address has reached its limit. */
  async create(session: Session, { address: from }: Actor): Promise<void> {
    await this.store.create(session, this.#limits);
    const change = { subject: 'session', what: 'created' } as const;
    this.#events.emit({ session: session.name, at: session.createdAt, from, change });
  }

  /** Resolves with whether the session existed. */
  remove(name: string, { address: from }: Actor): Promise<boolean> {
    return this.#remove(name, 'ended', from);
  }

  async #remove(name: string, what: 'ended' | 'expired', from: string | null): Promise<boolean> {
    const wasThere = await this.store.remove(name);
    const change = { subject: 'session', what } as const;
    if (wasThere) this.#events.emit({ session: name, at: this.clock().now, from, change });
    return wasThere;
  }

  /** The session as it is now; counts as a request with its key. Throws `gone`. */
  async read(name: string): Promise<Session> {
    const kept = await this.store.read(name);
    const clock = this.clock();
    const session = viewSession(kept, clock, this.ttlMs);
    if (touch(session, clock.now, this.ttlMs) !== session) await this.touch(name);
    return session;
  }

  /** Records a request with the key, which keeps the session alive, and changes nothing else. */
  async touch(name: string): Promise<void> {
    await this.update(name, keepAsIs, null);
  }

  /**
   * Applies one transition. `byRequest`: counts as a request, which keeps the session alive. Throws what the transition
   * throws, `gone`, and the refusals of the quotas.
   */
  async update<T>(
    name: string,
    transition: Transition<T>,
    actor: Actor | null,
    byRequest = true,
  ): Promise<T> {
    return (await this.commit(name, transition, actor, byRequest)).result;
  }

  /** Like update(), with the session before and after. */
  async commit<T>(
    name: string,
    transition: Transition<T>,
    actor: Actor | null,
    byRequest = true,
  ): Promise<Committed<T>> {
    const { ttlMs, quotas } = this.#options;
    const quotaBytes = quotas.bytesPerSession;
    const committed = await this.#room.withRoom(name, () =>
      this.store.update(
        name,
        (session, { now, upSince }) =>
          applyTransition(session, transition, { now, upSince, ttlMs, byRequest, quotaBytes }),
        this.#limits,
      ),
    );
    this.#emit(committed, actor?.address ?? null);
    return committed;
  }

  #emit(committed: Committed<unknown>, from: string | null): void {
    for (const event of listEvents(committed, from)) {
      const { change } = event;
      if (change.subject === 'command' && isEnding(change)) this.#room.reconsider(committed.after);
      this.#events.emit(event);
    }
  }

  async #ring(name: string): Promise<void> {
    try {
      await this.update(name, keepAsIs, null, false);
    } catch (error) {
      if (error instanceof Refusal && error.code === 'gone')
        return void (await this.#remove(name, 'expired', null));
      this.#options.log(`session ${shortName(name)}: cannot store the changes that are due`);
      throw error;
    }
  }
}
