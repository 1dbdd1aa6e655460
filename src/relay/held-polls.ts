/** Limits the held long polls, in total, per address and per session: beyond a limit, the oldest one is answered. */
import { chooseAccount } from '../session/account.ts';
import type { RelayOptions } from './relay-options.ts';

/** One held request. */
export interface HeldPoll {
  readonly session: string;
  readonly address: string;
  /** By `performance.now()`. */
  readonly since: number;
  /** Answers the request as if its wait had timed out. */
  readonly end: () => void;
}

/** A Set keeps the order of insertion, so the first one is the oldest. */
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
 * A client whose poll was evicted polls again immediately. The relay answers a poll no sooner than this after it
 * arrived, so that clients over the limit do not evict each other in a tight loop. The limit of connections per address
 * also limits the evicted polls that wait.
 */
const minHeldMs = 1_000;

export class HeldPolls {
  readonly #limits: RelayOptions['heldPolls'];
  readonly #all: Line = new Set();
  /** Evicted polls: they no longer count, but are not answered yet. */
  readonly #leaving = new Set<HeldPoll>();
  readonly #bySession = new Lines();
  readonly #byAddress = new Lines();

  constructor(limits: RelayOptions['heldPolls']) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Counts the poll until `release`. Beyond a limit, ends the oldest poll, whose handler then calls `release`. */
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

  /** Does nothing if the poll was already released. */
  release(poll: HeldPoll): void {
    this.#all.delete(poll);
    this.#bySession.remove(poll.session, poll);
    this.#byAddress.remove(chooseAccount(poll.address), poll);
  }

  /** Answers all held polls. */
  endAll(): void {
    for (const poll of [...this.#all, ...this.#leaving]) poll.end();
  }
}
