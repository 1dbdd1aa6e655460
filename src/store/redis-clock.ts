/** The clock of Redis, which all relays share. Between two readings this process continues it with its own monotonic clock. */
import type { Clock } from '../session/apply-transition.ts';

/** A reading older than this must be renewed before the next transition. */
const freshMs = 8_000;

export class RedisClock {
  /** From `performance.now()` to ms since 1970. */
  #offset = 0;
  #upSince = 0;
  #last = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** Sets the clock: Redis had `time` and `outageEnd` between the readings `asked` and `answered` of `performance.now()`. */
  take(time: number, outageEnd: number, asked: number, answered: number): void {
    this.#offset = time - (asked + answered) / 2;
    this.#upSince = outageEnd;
    this.#lookedAt = asked;
  }

  /** Whether the last reading is recent enough to tell a silent listener from an outage of all relays. */
  get isFresh(): boolean {
    return performance.now() - this.#lookedAt < freshMs;
  }

  /** Never goes back, even if the clock of Redis does. */
  read(): Clock {
    this.#last = Math.max(this.#last, Math.floor(performance.now() + this.#offset));
    return { now: this.#last, upSince: Math.min(this.#upSince, this.#last) };
  }
}
