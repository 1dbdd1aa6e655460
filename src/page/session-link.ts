/** The open session as the parts of the page see it. */
import type { RetryOptions } from '../client/retry.ts';
import type { RelayClient } from '../client/relay-client.ts';

export interface SessionLink {
  readonly client: RelayClient;
  /** Of the relay. */
  readonly version: string;
  /** Aborts when the page leaves the session. */
  readonly signal: AbortSignal;
  /** Says on the page that the relay is away, and that it is back. Waits for it without end. */
  readonly retry: RetryOptions;
  /** A state of a command changed. */
  onChange(): void;
  /** What waiting does not fix. Of no effect once the page has left the session. */
  onRetry(error: unknown): void;
}
