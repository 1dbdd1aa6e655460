/** The one-way street from a session key to what lesser parties know. Apart from keys.ts: clients derive nothing. */
import { createHash, createHmac } from 'node:crypto';

/** What the remote holds: it can run commands, never push or read them. */
export function deriveListenerKey(sessionKey: string): string {
  return createHmac('sha256', sessionKey).update('listener').digest('hex').slice(0, 32);
}

/** What the store knows a session by, so that a stolen data directory opens nothing. */
export function nameSession(listenerKey: string): string {
  return createHash('sha256').update(listenerKey).digest('hex');
}
