/** The clock of a store that one process has for itself. */
import type { Clock } from '../session/apply-transition.ts';

/** A gap longer than this between two readings means that the process was stopped and could not be reached. */
const maxPauseMs = 5_000;
const beatMs = 1_000;

/**
 * Wall time as it was at the start, carried on by a monotonic clock: when the system's clock is set, no age and no deadline jumps. Time
 * in which the process was stopped is noticed by the next reading.
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
    // Fractions of a millisecond are lost on the way.
    const now = Math.max(Math.floor(this.#origin + elapsed), this.#upSince);
    if (elapsed - this.#lastBeat > maxPauseMs) this.#upSince = now;
    this.#lastBeat = elapsed;
    return { now, upSince: this.#upSince };
  }

  close(): void {
    clearInterval(this.#beat);
  }
}
