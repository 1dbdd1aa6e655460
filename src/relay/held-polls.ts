/** Which requests are being held, in order of age: where there are too many of a kind, the oldest one gives way. */
import { chooseLimitKey } from './rate-limit.ts';
import type { RelayOptions } from './relay-options.ts';

/** One request that waits. */
export interface HeldPoll {
  readonly session: string;
  readonly address: string;
  /** Answers it as though its time were up. */
  readonly end: () => void;
}

/** Sets remember the order in which things were put in. */
type Line = Set<HeldPoll>;

class Lines {
  readonly #lines = new Map<string, Line>();

  add(key: string, poll: HeldPoll): Line {
    const line = this.#lines.get(key) ?? new Set();
    this.#lines.set(key, line);
    return line.add(poll);
  }

  remove(key: string, poll: HeldPoll): void {
    const line = this.#lines.get(key);
    line?.delete(poll);
    if (line?.size === 0) this.#lines.delete(key);
  }
}

export class HeldPolls {
  readonly #limits: RelayOptions['heldPolls'];
  readonly #all: Line = new Set();
  readonly #bySession = new Lines();
  readonly #byAddress = new Lines();

  constructor(limits: RelayOptions['heldPolls']) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Until `release`; whoever is one too many is ended, and releases itself. */
  hold(poll: HeldPoll): void {
    this.#shorten(this.#bySession.add(poll.session, poll), this.#limits.perSession);
    this.#shorten(this.#byAddress.add(chooseLimitKey(poll.address), poll), this.#limits.perAddress);
    this.#shorten(this.#all.add(poll), this.#limits.total);
  }

  #shorten(line: Line, limit: number): void {
    if (line.size <= limit) return;
    const [oldest] = line;
    if (!oldest) return;
    this.release(oldest);
    oldest.end();
  }

  /** Harmless for what was released already. */
  release(poll: HeldPoll): void {
    this.#all.delete(poll);
    this.#bySession.remove(poll.session, poll);
    this.#byAddress.remove(chooseLimitKey(poll.address), poll);
  }

  /** Answers whoever waits. */
  endAll(): void {
    for (const poll of this.#all) poll.end();
  }
}
