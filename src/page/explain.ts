/** What went wrong, for the visitor. */
import { RelayError } from '../client/relay-error.ts';

const words: Readonly<Record<string, string>> = {
  gone: 'this session is gone: unknown, expired or ended',
  listener_key: 'this is the key of a listener, and no session key',
};

/** A fault of the page itself is not put on the relay. */
export function explain(error: unknown): string {
  if (!(error instanceof RelayError)) return 'something in this page went wrong';
  return words[error.code] ?? error.message;
}
