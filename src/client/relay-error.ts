/** What can go wrong between a client and a relay, told apart by what the user can do about it. */
export type RelayErrorKind =
  /** No connection, no answer, or one that broke off. */
  | 'unreachable'
  /** Something answered, but no relay does so. */
  | 'not_a_relay'
  /** The relay says that it has moved. */
  | 'moved'
  /** A relay said no. */
  | 'refused';

export class RelayError extends Error {
  readonly kind: RelayErrorKind;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number = 0;
  /** Where it was asked. */
  readonly url: string = '';
  /** The relay's own code of a refusal (protocol/errors.ts); `gone` also for a bare 410. */
  readonly code: string = '';
  /** What to do about it, where it is known better than from the kind. */
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

  /** Whether the same request may succeed later on. */
  get isRetryable(): boolean {
    return this.kind === 'unreachable' || [408, 500, 502, 503, 504].includes(this.status);
  }

  /** The relay, or a proxy in front of it, takes no body of this size. */
  get isTooLarge(): boolean {
    return this.status === 413;
  }
}
