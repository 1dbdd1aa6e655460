/** Errors in words for the visitor. */
import { RelayError } from '../client/relay-error.ts';

const words: Readonly<Record<string, string>> = {
  gone: 'the relay does not know this session: it expired or was ended',
  no_such_command: 'the relay no longer remembers this command',
  token_needed: 'the relay does not accept this token',
  listener_key: 'this is a listener key, not a session key',
};

/** An error that is no `RelayError` is a defect of this page. */
export function explain(error: unknown): string {
  if (!(error instanceof RelayError)) return 'internal error: see the browser console';
  return words[error.code] ?? error.message;
}

/** The relay has decided. Its proxy, or what is there in its place, has not. */
export function isFinal({ kind, isRetryable }: RelayError): boolean {
  return kind !== 'not_a_relay' && !isRetryable;
}

/** Why a command was not pushed, or may not have been. */
export function explainUnsent(error: unknown, wasGivenUp: boolean): string {
  // An error of another kind: the visitor gave it up, or the page left the session, while it was on its way.
  const reason = error instanceof RelayError ? error : new RelayError('unreachable', '');
  const { status, message } = reason;
  const detail = status > 0 ? ` (${message})` : '';
  return isFinal(reason) && !wasGivenUp
    ? `not accepted: ${message}`
    : `no confirmation from the relay${detail}; if queued, it is listed`;
}
