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
