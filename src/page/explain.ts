/** Turns errors into messages for the visitor. */
import { RelayError } from '../client/relay-error.ts';

const words: Readonly<Record<string, string>> = {
  gone: 'the relay does not know this session: it expired or was ended',
  no_such_command: 'the relay no longer remembers this command',
  token_needed: 'the relay does not accept this token',
  listener_key: 'this is a listener key, not a session key',
};

/** Any error other than a `RelayError` is a bug in this page. */
export function explain(error: unknown): string {
  if (!(error instanceof RelayError)) return 'internal error: see the browser console';
  return words[error.code] ?? error.message;
}

/** Whether the relay itself rejected the request, so a retry is useless. Errors of a proxy or another server are not final. */
export function isFinal({ kind, isRetryable }: RelayError): boolean {
  return kind !== 'not_a_relay' && !isRetryable;
}

/** Why a command was not pushed, or why that is uncertain. */
export function explainUnsent(error: unknown, wasGivenUp: boolean): string {
  // Any other error: the visitor gave the push up, or the page left the session, while the push was in flight.
  const reason = error instanceof RelayError ? error : new RelayError('unreachable', '');
  const { status, message } = reason;
  const detail = status > 0 ? ` (${message})` : '';
  return isFinal(reason) && !wasGivenUp
    ? `not accepted: ${message}`
    : `no confirmation from the relay${detail}; if queued, it is listed`;
}
