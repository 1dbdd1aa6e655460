/** The response body of `GET /api/session/{key}/status`: the fields of the original API, and newer, optional ones. */
import { parseFields, readFlag, readNumber, readText } from './json-fields.ts';
import { readLabel } from './name-listener.ts';

export type ListenerMode = 'supervised' | 'auto' | 'unknown';

export interface ListenerView {
  /** As reported by the listener: untrusted text. */
  host: string;
  user: string;
  mode: ListenerMode;
  /** `runner`: the script of `GET /r/{key}`; `slot`: a legacy listener that polls `GET /cmd-{key}`. */
  kind: 'runner' | 'slot';
  attached: boolean;
  seen_seconds_ago: number;
}

export interface StatusPayload {
  cmd_queued: boolean;
  result_queued: boolean;
  /** A listener picked a command up, and there is no result yet. */
  cmd_in_flight: boolean;
  cmd_in_flight_seconds_ago: number | null;
  listener_seen_seconds_ago: number | null;
  listener?: ListenerView | null;
  /** Number of queued commands. */
  queue_length?: number;
  /** The id of the command that a listener picked up. */
  current?: string | null;
  /** Grows with each change of the session; `?after=REVISION&wait=SECONDS` waits for the next. */
  revision?: number;
  /** The time of the store, whose clock dates the commands. Milliseconds since 1970. */
  now?: number;
}

function parseListener(value: unknown): ListenerView | null {
  const fields = parseFields(value);
  if (!fields) return null;
  const mode = readText(fields, 'mode');
  return {
    host: readLabel(readText(fields, 'host')),
    user: readLabel(readText(fields, 'user')),
    mode: mode === 'auto' || mode === 'supervised' ? mode : 'unknown',
    kind: readText(fields, 'kind') === 'runner' ? 'runner' : 'slot',
    attached: readFlag(fields, 'attached'),
    seen_seconds_ago: readNumber(fields, 'seen_seconds_ago') ?? 0,
  };
}

/** The status, or undefined if the value is not a status. */
export function parseStatusPayload(value: unknown): StatusPayload | undefined {
  const fields = parseFields(value);
  if (typeof fields?.['cmd_queued'] !== 'boolean') return undefined;
  const status: StatusPayload = {
    cmd_queued: fields['cmd_queued'],
    result_queued: readFlag(fields, 'result_queued'),
    cmd_in_flight: readFlag(fields, 'cmd_in_flight'),
    cmd_in_flight_seconds_ago: readNumber(fields, 'cmd_in_flight_seconds_ago') ?? null,
    listener_seen_seconds_ago: readNumber(fields, 'listener_seen_seconds_ago') ?? null,
  };
  if ('listener' in fields) status.listener = parseListener(fields['listener']);
  if ('current' in fields) status.current = readText(fields, 'current') ?? null;
  const queueLength = readNumber(fields, 'queue_length');
  const revision = readNumber(fields, 'revision');
  const now = readNumber(fields, 'now');
  if (queueLength !== undefined) status.queue_length = queueLength;
  if (revision !== undefined) status.revision = revision;
  if (now !== undefined) status.now = now;
  return status;
}
