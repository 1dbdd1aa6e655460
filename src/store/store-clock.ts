/** The clock of a store that only one process uses. */
import type { Clock } from '../session/apply-transition.ts';

/** A longer gap between two readings means that the process was stopped, so no listener could reach it. */
const maxPauseMs = 5_000;
const beatMs = 1_000;

/**
 * The wall time at the start plus a monotonic clock: when the system's clock is set, ages and deadlines do not jump. The next reading
 * detects a time in which the process was stopped.
 */
export class StoreClock {
  readonly #origin: number;
  readonly #beat: NodeJS.Timeout;
  #lastBeat = performance.now();
  #upSince: number;

  constructor() {
    this.#upSince = Date.now();
    this.#origin = this.#upSince - this.#lastBeat;
    this.#beat = setInterval(() => this.read(), beatMs).unref();
  }

  read(): Clock {
    const elapsed = performance.now();
    // Never below the start: rounding loses fractions of a millisecond.
    const now = Math.max(Math.floor(this.#origin + elapsed), this.#upSince);
    if (elapsed - this.#lastBeat > maxPauseMs) this.#upSince = now;
    this.#lastBeat = elapsed;
    return { now, upSince: this.#upSince };
  }

  close(): void {
    clearInterval(this.#beat);
  }
}
