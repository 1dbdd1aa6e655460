/** The clock of all sessions: one timer each, set for when something falls due. */
import { Refusal } from '../protocol/errors.ts';
import { shortName } from '../protocol/keys.ts';
import { applyTransition } from '../session/apply-transition.ts';
import type { Session } from '../session/session.ts';
import { nextDeadline } from '../session/time.ts';
import { type Happening, type Ledger, listHappenings } from './happening.ts';
import type { Store } from '../store/store.ts';

/** Timers of Node wrap around above this. */
const longestTimerMs = 2 ** 31 - 1;

/** How late a deadline that moved may be noticed: re-arming at each sign of life would cost more than it tells. */
const slackMs = 20;

/** After the store failed to take a change that fell due. */
const retryMs = 1_000;

export interface DeadlineOptions {
  /** A request on the session is being held. */
  isHeld: (name: string) => boolean;
  /** Its time was up, and it is gone. */
  ended: (name: string) => void;
  ledger: Ledger;
  log: (line: string) => void;
}

export class Deadlines {
  readonly #store: Store;
  readonly #ttlMs: number;
  readonly #options: DeadlineOptions;
  readonly #timers = new Map<string, { timer: NodeJS.Timeout; due: number }>();
  #closed = false;

  constructor(store: Store, ttlMs: number, options: DeadlineOptions) {
    this.#store = store;
    this.#ttlMs = ttlMs;
    this.#options = options;
  }

  /** Sets the timer of a session that is new or has changed. One that is set for earlier stays: it looks again when it rings. */
  follow(session: Session): void {
    const due = nextDeadline(session, Date.now(), this.#ttlMs) + slackMs;
    const set = this.#timers.get(session.name);
    if (set && set.due <= due) return;
    this.#arm(session.name, due);
  }

  #arm(name: string, due: number): void {
    this.forget(name);
    if (this.#closed) return;
    const delay = Math.min(Math.max(due - Date.now(), 0), longestTimerMs);
    // A relay that has nothing else to do may end.
    const timer = setTimeout(() => void this.#ring(name), delay).unref();
    this.#timers.set(name, { timer, due });
  }

  async #ring(name: string): Promise<void> {
    this.#timers.delete(name);
    const moment = {
      now: Date.now(),
      ttlMs: this.#ttlMs,
      byRequest: false,
      isHeld: this.#options.isHeld(name),
    };
    let happened: readonly Happening[] = [];
    try {
      const session = await this.#store.update(name, (before) => {
        const outcome = applyTransition(before, (same) => ({ session: same, result: same }), moment);
        happened = listHappenings(before, outcome, moment.now, null);
        return { ...outcome, result: outcome.session };
      });
      for (const happening of happened) this.#options.ledger.tell(happening);
      this.follow(session);
    } catch (error) {
      await this.#settle(name, error);
    }
  }

  async #settle(name: string, error: unknown): Promise<void> {
    if (error instanceof Refusal && error.code === 'gone') {
      await this.#expire(name).catch(() => this.#arm(name, Date.now() + retryMs));
      return;
    }
    this.#options.log(`session ${shortName(name)}: cannot keep what fell due`);
    this.#arm(name, Date.now() + retryMs);
  }

  async #expire(name: string): Promise<void> {
    // One that somebody ended meanwhile did not expire.
    if (!(await this.#store.has(name))) return;
    await this.#store.remove(name);
    this.#options.ended(name);
    const change = { subject: 'session', what: 'expired' } as const;
    this.#options.ledger.tell({ session: name, at: Date.now(), from: null, change });
  }

  forget(name: string): void {
    clearTimeout(this.#timers.get(name)?.timer);
    this.#timers.delete(name);
  }

  close(): void {
    this.#closed = true;
    for (const name of this.#timers.keys()) this.forget(name);
  }
}
