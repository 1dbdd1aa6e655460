/** Errors of requests to a relay, grouped by what the user can do about them. */
export type RelayErrorKind =
  /** No connection, no answer, or an incomplete one. */
  | 'unreachable'
  /** The answer is not one that a relay sends. */
  | 'not_a_relay'
  /** The relay reports that it has moved. */
  | 'moved'
  /** The relay, or a proxy, rejected the request. */
  | 'refused';

export class RelayError extends Error {
  readonly kind: RelayErrorKind;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number = 0;
  /** The base URL of the relay. */
  readonly url: string = '';
  /** The relay's error code (protocol/errors.ts); `gone` also for a 410 without a code. */
  readonly code: string = '';
  /** A hint that is more specific than the one for the kind. */
  readonly hint: string | undefined;

  constructor(
    kind: RelayErrorKind,
    message: string,
    known?: Partial<Pick<RelayError, 'status' | 'url' | 'code' | 'hint'>>,
  ) {
    super(message);
    this.kind = kind;
    Object.assign(this, known);
  }

  /** Whether the same request may succeed later. */
  get isRetryable(): boolean {
    return this.kind === 'unreachable' || [408, 500, 502, 503, 504].includes(this.status);
  }

  /** Whether the relay, or a proxy in front of it, rejected a body of this size. */
  get isTooLarge(): boolean {
    return this.status === 413;
  }
}
