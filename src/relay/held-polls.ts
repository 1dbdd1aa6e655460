/** Which requests are being held, in order of age: where there are too many of a kind, the oldest one gives way. */
import { chooseAccount } from '../session/account.ts';
import type { RelayOptions } from './relay-options.ts';

/** One request that waits. */
export interface HeldPoll {
  readonly session: string;
  readonly address: string;
  /** By the clock of `performance.now()`. */
  readonly since: number;
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

/**
 * Whoever gives way asks again at once. It is answered no sooner than this after it came, so that one too many does not make a
 * chase without end; how many can be on their way out is limited by the connections that an address may have.
 */
const minHeldMs = 1_000;

export class HeldPolls {
  readonly #limits: RelayOptions['heldPolls'];
  readonly #all: Line = new Set();
  /** They count no more, and are not answered yet. */
  readonly #leaving = new Set<HeldPoll>();
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
    this.#shorten(this.#byAddress.add(chooseAccount(poll.address), poll), this.#limits.perAddress);
    this.#shorten(this.#all.add(poll), this.#limits.total);
  }

  #shorten(line: Line, limit: number): void {
    if (line.size <= limit) return;
    const [oldest] = line;
    if (!oldest) return;
    this.release(oldest);
    this.#leaving.add(oldest);
    const leave = (): void => {
      this.#leaving.delete(oldest);
      oldest.end();
    };
    setTimeout(leave, Math.max(0, oldest.since + minHeldMs - performance.now())).unref();
  }

  /** Harmless for what was released already. */
  release(poll: HeldPoll): void {
    this.#all.delete(poll);
    this.#bySession.remove(poll.session, poll);
    this.#byAddress.remove(chooseAccount(poll.address), poll);
  }

  /** Answers whoever waits. */
  endAll(): void {
    for (const poll of [...this.#all, ...this.#leaving]) poll.end();
  }
}
