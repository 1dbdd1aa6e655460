/** Our own header names, in the lower case in which node and undici hand them over. */
export const header = {
  /** On every answer: what lacks it was not said by a relay. */
  version: 'remotify-version',
  /** Code of a refusal, see errors.ts. */
  error: 'remotify-error',
  /** The listener's own id, made at its start. */
  listener: 'remotify-listener',
  host: 'remotify-host',
  user: 'remotify-user',
  mode: 'remotify-mode',
  /** What a client says of itself; a client that does not is known by its User-Agent. */
  client: 'remotify-client',
  /** State of the command whose output is read. */
  state: 'remotify-state',
  /** 0–255; absent while unknown. */
  exitStatus: 'remotify-exit-status',
  /** Name of the signal that ended the command, without SIG. */
  signal: 'remotify-signal',
  /** Why a command was declined, cancelled or lost; percent-encoded UTF-8. */
  reason: 'remotify-reason',
  /** Bytes of each stream in a body that holds both. */
  stdoutBytes: 'remotify-stdout-bytes',
  stderrBytes: 'remotify-stderr-bytes',
  /** Where the next read or write of a stream goes on. */
  nextOffset: 'remotify-next-offset',
  /** Bytes of output before the end that this reader cannot get; absent while it gets all of them. */
  missingBytes: 'remotify-missing-bytes',
  /** `evicted` or `cut`, see MissingReason. */
  missingReason: 'remotify-missing-reason',
  /** `true` when nothing will follow. */
  complete: 'remotify-complete',
  startedAt: 'remotify-started-at',
  durationMs: 'remotify-duration-ms',
  idempotencyKey: 'idempotency-key',
} as const;
