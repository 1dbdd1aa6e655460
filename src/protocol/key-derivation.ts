/**
 * Derives the listener key and the session's name in the store from the session key, one way. In its own file, since
 * clients derive nothing and do not need node:crypto.
 */
import { createHash, createHmac } from 'node:crypto';

/** The key of the remote: with it a listener can run commands, but not push them or read their output. */
export function deriveListenerKey(sessionKey: string): string {
  return createHmac('sha256', sessionKey).update('listener').digest('hex').slice(0, 32);
}

/** The name of a session in the store, so that a stolen data directory contains no key. */
export function nameSession(listenerKey: string): string {
  return createHash('sha256').update(listenerKey).digest('hex');
}
