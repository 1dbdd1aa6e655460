/** A relay as its starter sees it: the command line, and programs that use the package. */

export interface Relay {
  /** Resolves with the local base URL, or `unix:PATH`, once connections are accepted. */
  listen(): Promise<string>;
  /** The URL of the metrics, once the relay listens; undefined if metrics are off. */
  metricsUrl(): string | undefined;
  /** Answers held polls, finishes requests in flight, cuts connections that hang, closes the store. */
  close(): Promise<void>;
}
