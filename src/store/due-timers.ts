/** One timer for each session of this process, set for when something falls due. */

/** Timers of Node wrap around above this. */
const longestTimerMs = 2 ** 31 - 1;

/** Timer slack: a timer never rings before what it was set for, and what falls due within this time rings once. */
const slackMs = 20;

/** After what fell due could not be kept. */
const retryMs = 1_000;

export interface DueTimersOptions {
  /** The store's clock, ms since 1970. */
  now: () => number;
  /** The point at which a session is due, by what is kept of it now; undefined for one that is gone. */
  dueOf: (name: string) => number | undefined;
}

export class DueTimers {
  readonly #options: DueTimersOptions;
  readonly #timers = new Map<string, { timer: NodeJS.Timeout; due: number }>();
  #ring: ((name: string) => Promise<void>) | undefined;
  #isClosed = false;

  constructor(options: DueTimersOptions) {
    this.#options = options;
  }

  start(ring: (name: string) => Promise<void>, names: Iterable<string>): void {
    this.#ring = ring;
    for (const name of names) this.follow(name);
  }

  /** After a change. A timer that is set for earlier stays: it looks again when it rings, and most deadlines move on before that. */
  follow(name: string): void {
    if (this.#ring === undefined) return;
    const due = this.#options.dueOf(name);
    const set = this.#timers.get(name);
    if (due === undefined || due === Infinity || (set && set.due <= due)) return;
    this.#set(name, due);
  }

  #set(name: string, due: number): void {
    this.forget(name);
    if (this.#isClosed) return;
    const delay = Math.min(Math.max(due - this.#options.now(), 0) + slackMs, longestTimerMs);
    // A relay that has nothing else to do may end.
    const timer = setTimeout(() => void this.#look(name), delay).unref();
    this.#timers.set(name, { timer, due });
  }

  async #look(name: string): Promise<void> {
    this.#timers.delete(name);
    const { now, dueOf } = this.#options;
    if ((dueOf(name) ?? Infinity) > now()) return this.follow(name);
    await this.#ring?.(name).catch(() => undefined);
    const due = dueOf(name);
    if (due === undefined || this.#timers.has(name)) return;
    this.#set(name, due > now() ? due : now() + retryMs);
  }

  forget(name: string): void {
    clearTimeout(this.#timers.get(name)?.timer);
    this.#timers.delete(name);
  }

  close(): void {
    this.#isClosed = true;
    for (const name of this.#timers.keys()) this.forget(name);
  }
}
