import { goneText } from './gone.ts';

/**
 * Every error response of a relay: its code (the `Remotify-Error` header), HTTP status and text (the body, one line).
 * docs/protocol.md has the table. The runner recognises the two quotas of storage by the words "as
 * much as".
 */
export const refusals = {
  empty_command: { status: 400, text: 'empty command' },
  bad_gzip: { status: 400, text: 'bad gzip' },
  nul_byte: { status: 400, text: 'a command cannot hold a NUL byte' },
  bad_parameter: { status: 400, text: 'bad parameter' },
  body_cut: { status: 400, text: 'the body ended early' },
  token_needed: { status: 401, text: 'this relay requires a token to create a session' },
  key_missing: { status: 401, text: 'no key: send Authorization: Bearer KEY' },
  listener_key: { status: 403, text: 'a listener key only runs commands: this needs the session key' },
  session_key: { status: 403, text: 'this route is for listeners: send the listener key' },
  foreign_origin: { status: 403, text: 'a page of another site cannot use this relay' },
  not_found: { status: 404, text: 'not found' },
  no_such_command: { status: 404, text: 'no such command' },
  method_not_allowed: { status: 405, text: 'method not allowed' },
  key_reused: { status: 409, text: 'this Idempotency-Key was used for another command' },
  not_startable: { status: 409, text: 'the command can no longer start' },
  stdin_closed: { status: 409, text: 'the command takes no input, or its input has ended' },
  not_yours: { status: 409, text: 'the command belongs to another listener' },
  listener_busy: { status: 409, text: 'another listener is already connected' },
  listener_left: { status: 409, text: 'this listener has ended' },
  output_gap: { status: 409, text: 'output is missing before this offset' },
  gone: { status: 410, text: goneText },
  too_large: { status: 413, text: 'body too large' },
  unsupported_encoding: { status: 415, text: 'unsupported Content-Encoding: send it plain or as gzip' },
  unknown_host: { status: 421, text: 'this relay does not answer for that host name' },
  queue_full: { status: 429, text: 'too many commands are queued' },
  too_many_keys: { status: 429, text: 'too many Idempotency-Keys within an hour' },
  rate_limited: { status: 429, text: 'too many new sessions from this address' },
  too_many_headers: { status: 431, text: 'too many headers' },
  internal: { status: 500, text: 'internal error' },
  relay_busy: { status: 503, text: 'the relay has too many bodies in memory' },
  draining: { status: 503, text: 'the relay is shutting down: try again' },
  storage_busy: { status: 503, text: 'the store is not available' },
  session_quota: { status: 507, text: 'this session stores as much as it may' },
  address_quota: { status: 507, text: 'the sessions of this address store as much as they may' },
  too_many_sessions: { status: 507, text: 'this address has reached its limit of sessions' },
  storage_full: { status: 507, text: 'no space left to store this' },
} as const;

export type RefusalCode = keyof typeof refusals;

/**
 * Thrown by transitions, stores and handlers. The relay answers any other error with `internal` and does not send its
 * text.
 */
export class Refusal extends Error {
  readonly code: RefusalCode;
  /** Additional headers of the response, e.g. the expected offset. */
  readonly headers: Record<string, string>;

  constructor(code: RefusalCode, detail?: string, headers: Record<string, string> = {}) {
    super(detail === undefined ? refusals[code].text : `${refusals[code].text}: ${detail}`);
    this.code = code;
    this.headers = headers;
  }
}
