/** A floor under loops of polls: a relay that answers at once, without news, is not asked thousands of times a second. */
import { monotonicMs } from './monotonic.ts';
import { firstPauseMs, maxPauseMs, pause } from './pause.ts';

/** A relay that holds its polls takes longer than this where it has no news. */
const heldMs = 100;

export class PollFloor {
  #pauseMs = 0;
  #askedAt = monotonicMs();

  /** Before each poll. */
  begin(): void {
    this.#askedAt = monotonicMs();
  }

  /** After its answer. Waits where that came at once and brought no news: 0.1 s, then 0.2 s, up to 2 s. Throws when the signal aborts. */
  async end(hasNews: boolean, signal?: AbortSignal): Promise<void> {
    if (hasNews || monotonicMs() - this.#askedAt >= heldMs) {
      this.#pauseMs = 0;
      return;
    }
    this.#pauseMs = Math.min(this.#pauseMs * 2 || firstPauseMs, maxPauseMs);
    await pause(this.#pauseMs, signal);
  }
}
