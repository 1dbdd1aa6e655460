/** Long polls: requests that wait for a session to change. */
import { Refusal } from '../protocol/errors.ts';
import type { Exchange } from './exchange.ts';
import { HeldPolls } from './held-polls.ts';
import type { RelayOptions } from './relay-options.ts';
import type { Sessions } from './sessions.ts';

/** Who waits for an answer. */
export type Peer = Pick<Exchange, 'address' | 'gone' | 'heldMs'>;

/** Where the store is away while a request is held, it is asked again after this. */
const storeRetryMs = 1_000;

const isStoreAway = (error: unknown): boolean => error instanceof Refusal && error.code === 'storage_busy';

/** While a request is held its session is in use: it is touched this often, and more often where sessions are short. */
const touchMs = 20_000;

export class LongPolls {
  readonly #sessions: Sessions;
  readonly #held: HeldPolls;
  #isDraining = false;

  constructor(sessions: Sessions, limits: RelayOptions['heldPolls']) {
    this.#sessions = sessions;
    this.#held = new HeldPolls(limits);
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
    const { address, gone } = peer;
    let over = waitMs === 0 || gone.aborted;
    let changed = false;
    let wake = (): void => undefined;
    const stop = (): void => {
      over = true;
      wake();
    };
    const poll = { session: name, address, since: performance.now(), end: stop };
    let isCounted = false;
    let retry: NodeJS.Timeout | undefined;
    const tryAgain = (): void => {
      changed = true;
      wake();
    };
    // Before the first attempt: a change between that and the watching would be missed.
    const unwatch = this.#sessions.store.watch(name, tryAgain);
    const timer = setTimeout(stop, waitMs);
    const keeping = this.#keepInUse(name, waitMs);
    gone.addEventListener('abort', stop);
    try {
      for (;;) {
        changed = false;
        let isResting = false;
        const result = gone.aborted
          ? undefined
          : await attempt().catch((error: unknown) => {
              if (!isCounted || !isStoreAway(error)) throw error;
              isResting = true;
              return undefined;
            });
        if (result !== undefined || over || this.#isDraining) return result;
        if (changed && !isResting) continue;
        const since = performance.now();
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (isResting) {
            // It may wake again and again while it is away.
            wake = () => over && resolve();
            retry = setTimeout(resolve, storeRetryMs);
          }
          // A request that is answered at once takes no place from others.
          if (!isCounted) this.#held.hold(poll);
          isCounted = true;
        });
        peer.heldMs += performance.now() - since;
        if (over && !changed) return undefined;
      }
    } finally {
      this.#held.release(poll);
      gone.removeEventListener('abort', stop);
      clearTimeout(timer);
      clearTimeout(retry);
      clearInterval(keeping);
      unwatch();
    }
  }

  #keepInUse(name: string, waitMs: number): NodeJS.Timeout | undefined {
    const everyMs = Math.min(touchMs, this.#sessions.ttlMs / 2);
    if (waitMs <= everyMs) return undefined;
    // A session that is gone, or a store that fails, shows at the next attempt.
    return setInterval(() => void this.#sessions.touch(name).catch(() => undefined), everyMs).unref();
  }

  /** Answers all that are held, and holds none from now on. */
  drain(): void {
    this.#isDraining = true;
    this.#held.endAll();
  }
}
