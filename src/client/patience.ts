/** Riding out a relay that restarts or a network that drops. */
import { monotonicMs } from './monotonic.ts';
import { firstPauseMs, longestPauseMs, pause } from './pause.ts';
import { RelayError } from './relay-error.ts';

/** A relay is restarted, upgraded or rebooted within this. */
const defaultPatienceMs = 60_000;

export interface Patience {
  /** How long to retry, from the first failure in a row. */
  patienceMs?: number;
  /** Called once, at the first failure in a row. */
  onTrouble?: (error: RelayError) => void;
  /** Called once, when an answer came again. */
  onRecovery?: () => void;
  /** Which errors to retry; `error.isPassing` by default. */
  isPassing?: (error: RelayError) => boolean;
  signal?: AbortSignal | undefined;
}

/** Repeats what failed for a passing reason, with growing pauses; throws the last error when patience ends. */
export async function withPatience<T>(attempt: () => Promise<T>, patience: Patience): Promise<T> {
  const { isPassing = (error) => error.isPassing } = patience;
  let troubleSince: number | undefined;
  let pauseMs = firstPauseMs;
  for (;;) {
    try {
      const result = await attempt();
      if (troubleSince !== undefined) patience.onRecovery?.();
      return result;
    } catch (error) {
      if (!(error instanceof RelayError) || !isPassing(error)) throw error;
      if (troubleSince === undefined) patience.onTrouble?.(error);
      const now = monotonicMs();
      troubleSince ??= now;
      if (now - troubleSince > (patience.patienceMs ?? defaultPatienceMs)) throw error;
      // Jitter: clients that lost the same relay come back one by one.
      await pause(pauseMs * (0.5 + Math.random()), patience.signal);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }
}
