/** The interface that gives parts of the page access to the open session. */
import type { RetryOptions } from '../client/retry.ts';
import type { RelayClient } from '../client/relay-client.ts';

export interface SessionLink {
  readonly client: RelayClient;
  /** Version of the relay. */
  readonly version: string;
  /** Aborts when the page leaves the session. */
  readonly signal: AbortSignal;
  /** Retries forever. The page shows that the relay is unreachable, and when it is back. */
  readonly retry: RetryOptions;
  /** Called when the state of a command changed. */
  onChange(): void;
  /** Reports an error that a retry does not fix. Does nothing once the page has left the session. */
  onRetry(error: unknown): void;
}
