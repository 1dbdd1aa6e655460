/** The header names of this protocol, in lower case, as node and undici return them. */
export const header = {
  /** On every response of a relay: a response without it comes from another server. */
  version: 'remotify-version',
  /** Code of a refusal, see errors.ts. */
  error: 'remotify-error',
  /** The listener's own id, which it creates at its start. */
  listener: 'remotify-listener',
  host: 'remotify-host',
  user: 'remotify-user',
  mode: 'remotify-mode',
  /** The client's name for itself; without it the relay uses the User-Agent. */
  client: 'remotify-client',
  /** State of the command whose output the client reads. */
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
  /** The offset at which the next read or write of a stream continues. */
  nextOffset: 'remotify-next-offset',
  /** Bytes of output that this reader cannot get; absent unless some are missing. */
  missingBytes: 'remotify-missing-bytes',
  /** `evicted` or `cut`, see MissingReason. */
  missingReason: 'remotify-missing-reason',
  /** `true` if no more output will follow. */
  complete: 'remotify-complete',
  startedAt: 'remotify-started-at',
  durationMs: 'remotify-duration-ms',
  idempotencyKey: 'idempotency-key',
} as const;
