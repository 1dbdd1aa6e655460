/** Long polls: requests that wait for a session to change. */
import { Refusal } from '../protocol/errors.ts';
import type { Exchange } from './exchange.ts';
import { type HeldPoll, HeldPolls } from './held-polls.ts';
import { Lasting } from './lasting.ts';
import type { RelayOptions } from './relay-options.ts';
import type { Sessions } from './sessions.ts';

/** Who waits for an answer. */
export type Peer = Pick<Exchange, 'address' | 'isOver' | 'onEnd' | 'heldMs'>;

/** Where the store is away while a request is held, it is asked again after this. */
const storeRetryMs = 1_000;

const isStoreAway = (error: unknown): boolean => error instanceof Refusal && error.code === 'storage_busy';

/** While a request is held its session is in use: it is touched this often, and more often where sessions are short. */
const touchMs = 20_000;

/** Between two attempts of one request. */
class Rest {
  /** The session changed since the last attempt began. */
  isChanged = false;
  /** The time is up, the peer is gone, or its place is wanted. */
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

  /** Until there is a change, or it is over. */
  untilChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.isChanged || this.isOver) resolve();
    });
  }

  /** For so long, or until it is over: changes wake nothing. */
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
      // A session that is gone, or a store that fails, shows at the next attempt.
      sessions.touch(poll.session).catch(() => undefined);
    });
  }

  /** How many requests are held. */
  get size(): number {
    return this.#held.size;
  }

  /**
   * Tries now and after each change of the session, until there is a result, the time is up, the peer is gone, too many others wait
   * or the relay drains. Undefined when there was none; throws what the attempt throws, but stays held where the store goes away.
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
    // Before the first attempt: a change between that and the watching would be missed.
    const unwatch = this.#sessions.store.watch(name, () => rest.change());
    try {
      // A request that is answered at once needs no timer, and takes no place from others.
      do {
        rest.isChanged = false;
        const result = await attempt();
        if (result !== undefined || this.#isDraining) return result;
        // Where others change the session all the time, the wait ends all the same.
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
    // The time may be up after a first attempt that was slow; later versions of Node warn of a time below 0.
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

  /** Answers all that are held, and holds none from now on. */
  drain(): void {
    this.#isDraining = true;
    this.#held.endAll();
  }
}
