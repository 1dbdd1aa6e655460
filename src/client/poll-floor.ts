/** Slows down polling: a relay that answers at once without news is not polled thousands of times a second. */
import { monotonicMs } from './monotonic.ts';
import { firstPauseMs, maxPauseMs, pause } from './pause.ts';

/** A relay that holds polls takes longer than this to answer one without news. */
const heldMs = 100;

export class PollFloor {
  #pauseMs = 0;
  #askedAt = monotonicMs();

  /** Call before each poll. */
  begin(): void {
    this.#askedAt = monotonicMs();
  }

  /**
   * Call after its answer. If that came at once and without news, waits 0.1 s, then 0.2 s, up to 2 s. Throws when the signal aborts.
   */
  async end(hasNews: boolean, signal?: AbortSignal): Promise<void> {
    if (hasNews || monotonicMs() - this.#askedAt >= heldMs) {
      this.#pauseMs = 0;
      return;
    }
    this.#pauseMs = Math.min(this.#pauseMs * 2 || firstPauseMs, maxPauseMs);
    await pause(this.#pauseMs, signal);
  }
}
