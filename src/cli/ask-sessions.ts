/** Reads the state of several sessions from their relays: in parallel, with one short timeout for all. */
import { createSessionClient, dialectOf } from '../client/open-session.ts';
import { RelayError } from '../client/relay-error.ts';
import type { StoredSession } from '../config/settings.ts';
import type { StatusPayload } from '../protocol/status-payload.ts';
import type { Context } from './context.ts';

const answerSeconds = 4;

export interface SessionState {
  status: StatusPayload;
  ttlSeconds: number;
}

/** The state, or why it is unknown. */
export type Answer = SessionState | { error: unknown };

async function askOne(context: Context, { key, url, features }: StoredSession): Promise<SessionState> {
  const client = createSessionClient(await context.http(url), key, dialectOf(features));
  const [status, payload] = await Promise.all([client.readStatus(), client.readSession()]);
  return { status, ttlSeconds: payload.ttl_seconds };
}

/** Resolves with the answers, in the order of the sessions. */
export async function askSessions(context: Context, sessions: readonly StoredSession[]): Promise<Answer[]> {
  const timer = new AbortController();
  const late = new Promise<never>((_resolve, reject) => {
    const timeout = setTimeout(
      () => reject(new RelayError('unreachable', `no answer within ${answerSeconds} s`)),
      answerSeconds * 1000,
    );
    timer.signal.addEventListener('abort', () => clearTimeout(timeout));
  });
  late.catch(() => undefined);
  const answers = sessions.map((session) =>
    Promise.race([askOne(context, session), late]).catch((error: unknown) => ({ error })),
  );
  try {
    return await Promise.all(answers);
  } finally {
    timer.abort();
  }
}
