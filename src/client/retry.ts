/** Retries requests while a relay restarts or the network is down. */
import { monotonicMs } from './monotonic.ts';
import { firstPauseMs, maxPauseMs, pause } from './pause.ts';
import { RelayError } from './relay-error.ts';

/** A restart, an upgrade or a reboot of a relay takes less than this. */
const defaultRetryForMs = 60_000;

export interface RetryOptions {
  /** How long to retry, from the first failure in a row. */
  retryForMs?: number;
  /** Called once, at the first failure in a row. */
  onRetry?: (error: RelayError) => void;
  /** Called once, at the first success after a failure. */
  onRecovery?: () => void;
  /** Which errors to retry; `error.isRetryable` by default. */
  isRetryable?: (error: RelayError) => boolean;
  signal?: AbortSignal | undefined;
}

/** Retries after a retryable error, with growing pauses; throws the last error when the time for retries is over. */
export async function withRetry<T>(attempt: () => Promise<T>, retry: RetryOptions): Promise<T> {
  const { isRetryable = (error) => error.isRetryable } = retry;
  let failingSince: number | undefined;
  let pauseMs = firstPauseMs;
  for (;;) {
    try {
      const result = await attempt();
      if (failingSince !== undefined) retry.onRecovery?.();
      return result;
    } catch (error) {
      if (!(error instanceof RelayError) || !isRetryable(error)) throw error;
      if (failingSince === undefined) retry.onRetry?.(error);
      const now = monotonicMs();
      failingSince ??= now;
      if (now - failingSince > (retry.retryForMs ?? defaultRetryForMs)) throw error;
      // Jitter: clients that lost the same relay do not reconnect all at once.
      await pause(pauseMs * (0.5 + Math.random()), retry.signal);
      pauseMs = Math.min(pauseMs * 2, maxPauseMs);
    }
  }
}
