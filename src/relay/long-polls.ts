/** Long polls: holds requests until their session changes. */
import { Refusal } from '../protocol/errors.ts';
import type { Exchange } from './exchange.ts';
import { type HeldPoll, HeldPolls } from './held-polls.ts';
import { Lasting } from './lasting.ts';
import type { RelayOptions } from './relay-options.ts';
import type { Sessions } from './sessions.ts';

/** The request that is being held. */
export type Peer = Pick<Exchange, 'address' | 'isOver' | 'onEnd' | 'heldMs'>;

/** If the store is unavailable while the relay holds a request, the relay retries after this. */
const storeRetryMs = 1_000;

const isStoreAway = (error: unknown): boolean => error instanceof Refusal && error.code === 'storage_busy';

/** A held request keeps its session alive: the relay touches the session this often, more often if the TTL is short. */
const touchMs = 20_000;

/** The wait between two attempts of one request. */
class Rest {
  /** The session changed since the last attempt began. */
  isChanged = false;
  /** The wait timed out, the peer disconnected, or the relay needs the place for another poll. */
  isOver = false;
  #wake: () => void = () => undefined;

  change(): void {
    this.isChanged = true;
    this.#wake();
  }

  end(): void {
    this.isOver = true;
    this.#wake();
  }

  /** Resolves after a change, or once the wait is over. */
  untilChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.isChanged || this.isOver) resolve();
    });
  }

  /** Resolves after `ms`, or once the wait is over; changes do not end it. */
  async for(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = () => this.isOver && resolve();
      timer = setTimeout(resolve, ms);
      this.#wake();
    });
    clearTimeout(timer);
  }
}

export class LongPolls {
  readonly #sessions: Sessions;
  readonly #held: HeldPolls;
  readonly #inUse: Lasting<HeldPoll>;
  #isDraining = false;

  constructor(sessions: Sessions, limits: RelayOptions['heldPolls']) {
    this.#sessions = sessions;
    this.#held = new HeldPolls(limits);
    this.#inUse = new Lasting(Math.min(touchMs, sessions.ttlMs / 2), (poll) => {
      this.#inUse.add(poll);
      // If the session is gone or the store fails, the next attempt reports it.
      sessions.touch(poll.session).catch(() => undefined);
    });
  }

  /** The number of held requests. */
  get size(): number {
    return this.#held.size;
  }

  /**
   * Runs `attempt` now and after each change of the session, until it has a result, the wait times out, the peer
   * disconnects, the relay holds too many polls, or it shuts down. Undefined without a result. Throws what `attempt`
   * throws; a held request survives an unavailable store.
   */
  async waitFor<T>(
    name: string,
    waitMs: number,
    peer: Peer,
    attempt: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    if (peer.isOver) return undefined;
    if (waitMs === 0) return attempt();
    const since = performance.now();
    const rest = new Rest();
    // Watch before the first attempt, or a change between the two would be missed.
    const unwatch = this.#sessions.store.watch(name, () => rest.change());
    try {
      // A request that the relay can answer immediately needs no timer and no place among the held polls.
      do {
        rest.isChanged = false;
        const result = await attempt();
        if (result !== undefined || this.#isDraining) return result;
        // The loop ends after waitMs, even if other clients change the session continuously.
      } while (rest.isChanged && !peer.isOver && performance.now() - since < waitMs);
      const poll = { session: name, address: peer.address, since, end: () => rest.end() };
      return await this.#hold(poll, waitMs, peer, rest, attempt);
    } finally {
      unwatch();
    }
  }

  async #hold<T>(
    poll: HeldPoll,
    waitMs: number,
    peer: Peer,
    rest: Rest,
    attempt: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    let isStoreGone = false;
    // After a slow first attempt no time may be left; later versions of Node warn about a negative timeout.
    const timer = setTimeout(poll.end, Math.max(0, poll.since + waitMs - performance.now()));
    this.#held.hold(poll);
    this.#inUse.add(poll);
    peer.onEnd(poll.end);
    try {
      for (;;) {
        const from = performance.now();
        await (isStoreGone ? rest.for(storeRetryMs) : rest.untilChange());
        peer.heldMs += performance.now() - from;
        if (peer.isOver || (rest.isOver && !rest.isChanged)) return undefined;
        isStoreGone = false;
        rest.isChanged = false;
        const result = await attempt().catch((error: unknown) => {
          if (!isStoreAway(error)) throw error;
          isStoreGone = true;
          return undefined;
        });
        if (result !== undefined || rest.isOver || this.#isDraining) return result;
      }
    } finally {
      this.#held.release(poll);
      this.#inUse.remove(poll);
      clearTimeout(timer);
    }
  }

  /** Answers all held requests, and holds no more from now on. */
  drain(): void {
    this.#isDraining = true;
    this.#held.endAll();
  }
}
