/** The clock of Redis, which all relays on it share, carried on between two looks by this process's own monotonic one. */
import type { Clock } from '../session/apply-transition.ts';

/** How old the last look may be: what happens after it is judged by a new one. */
const freshMs = 8_000;

export class RedisClock {
  /** From `performance.now()` to ms since 1970. */
  #offset = 0;
  #upSince = 0;
  #last = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** `time` and `outageEnd` as Redis had them between these two readings of `performance.now()`. */
  take(time: number, outageEnd: number, asked: number, answered: number): void {
    this.#offset = time - (asked + answered) / 2;
    this.#upSince = outageEnd;
    this.#lookedAt = asked;
  }

  /** Whether the last look is young enough to tell silence of a listener from silence of all relays. */
  get isFresh(): boolean {
    return performance.now() - this.#lookedAt < freshMs;
  }

  /** Never goes back, also where the clock of Redis does. */
  read(): Clock {
    this.#last = Math.max(this.#last, Math.floor(performance.now() + this.#offset));
    return { now: this.#last, upSince: Math.min(this.#upSince, this.#last) };
  }
}
