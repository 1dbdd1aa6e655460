/** Calls back when a session of this process reaches its deadline. One timer for all sessions, as there may be very many. */

/** The longest delay of a Node timer; longer ones wrap around. */
const maxTimerMs = 2 ** 31 - 1;

/** Timer slack: the timer never fires early, and deadlines within this time of each other share one timer. */
const slackMs = 20;

/** Pause before the retry when the update for a deadline could not be stored. */
const retryMs = 1_000;

/** The heap is not cleaned for fewer outdated entries than this. */
const fewEntries = 1_000;

export interface DueTimersOptions {
  /** The store's clock, ms since 1970. */
  now: () => number;
  /** The deadline of a session as it is stored now; undefined if the session is gone. */
  dueOf: (name: string) => number | undefined;
}

interface Entry {
  readonly name: string;
  readonly due: number;
}

export class DueTimers {
  readonly #options: DueTimersOptions;
  /** The current entry of each session. */
  readonly #entries = new Map<string, Entry>();
  /** A binary heap by `due`; it also has outdated entries. */
  #heap: Entry[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** The time that the timer is set for. */
  #timerDue = Infinity;
  #ring: ((name: string) => Promise<void>) | undefined;
  #isClosed = false;

  constructor(options: DueTimersOptions) {
    this.#options = options;
  }

  start(ring: (name: string) => Promise<void>, names: Iterable<string>): void {
    this.#ring = ring;
    for (const name of names) this.follow(name);
  }

  /** Call after a change. An earlier entry stays: when it fires, the deadline is read again. Most deadlines move later before that. */
  follow(name: string): void {
    if (this.#ring === undefined) return;
    const due = this.#options.dueOf(name);
    const set = this.#entries.get(name);
    if (due === undefined || due === Infinity || (set && set.due <= due)) return;
    this.#set(name, due);
  }

  #set(name: string, due: number): void {
    if (this.#isClosed) return;
    const entry = { name, due };
    this.#entries.set(name, entry);
    if (this.#heap.length > 2 * this.#entries.size + fewEntries) this.#clean();
    else this.#push(entry);
    if (due < this.#timerDue) this.#arm(due);
  }

  /** Rebuilds the heap without outdated entries. A sorted list is a heap. */
  #clean(): void {
    this.#heap = [...this.#entries.values()].toSorted((a, b) => a.due - b.due);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || parent.due <= entry.due) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      const below = (heap[right]?.due ?? Infinity) < (heap[left]?.due ?? Infinity) ? right : left;
      const child = heap[below];
      if (child === undefined || child.due >= last.due) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
  }

  #arm(due: number): void {
    clearTimeout(this.#timer);
    this.#timerDue = due;
    const delay = Math.min(Math.max(due - this.#options.now(), 0) + slackMs, maxTimerMs);
    // unref(): the timer must not keep the process running.
    this.#timer = setTimeout(() => this.#lookAtAll(), delay).unref();
  }

  #lookAtAll(): void {
    this.#timerDue = Infinity;
    const now = this.#options.now();
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      const isCurrent = this.#entries.get(first.name) === first;
      if (isCurrent && first.due > now) return this.#arm(first.due);
      this.#pop();
      if (isCurrent) void this.#look(first.name);
    }
  }

  async #look(name: string): Promise<void> {
    this.#entries.delete(name);
    const { now, dueOf } = this.#options;
    if ((dueOf(name) ?? Infinity) > now()) return this.follow(name);
    await this.#ring?.(name).catch(() => undefined);
    const due = dueOf(name);
    if (due === undefined || this.#entries.has(name)) return;
    this.#set(name, due > now() ? due : now() + retryMs);
  }

  forget(name: string): void {
    this.#entries.delete(name);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#entries.clear();
    this.#heap = [];
  }
}
