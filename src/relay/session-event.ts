/** What the logs and counters of a relay are sent: something that happened to a session, once it is kept. */
import { type Change, listChanges } from '../session/changes.ts';
import { reopenSession } from '../session/reopen-session.ts';
import { advance } from '../session/time.ts';
import type { Committed } from '../store/store.ts';

export interface SessionEvent {
  /** The session's whole name: for look-ups, never for logs. */
  readonly session: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The address whose request did it; null when it was time alone. */
  readonly from: string | null;
  readonly change: Change | { readonly subject: 'session'; readonly what: 'made' | 'ended' | 'expired' };
  /** The text of a command that is pushed. */
  readonly script?: Uint8Array;
}

export interface EventSink {
  emit(event: SessionEvent): void;
}

/** Of one update: first what fell due by the clock, then what the request did. */
export function listEvents(committed: Committed<unknown>, from: string | null): SessionEvent[] {
  const { before, after, clock, put } = committed;
  // Most updates are heartbeats and output: they change nothing that is logged.
  if (before.listener === after.listener && before.commands === after.commands) return [];
  const session = before.name;
  const at = clock.now;
  // Time in which no request could arrive is not logged as silence of the listener.
  const reopened = reopenSession(before, clock.upSince, at);
  const onTime = advance(reopened, at);
  const byRequest = listChanges(onTime, after).map((change): SessionEvent => {
    const isPush = change.subject === 'command' && change.what === 'pushed';
    const script = isPush
      ? put.find(({ id, part }) => id === change.command.id && part === 'script')?.bytes
      : undefined;
    return { session, at, from, change, ...(script && { script }) };
  });
  return [
    ...listChanges(reopened, onTime).map((change): SessionEvent => ({ session, at, from: null, change })),
    ...byRequest,
  ];
}

/** One sink of several. */
export function joinSinks(sinks: readonly EventSink[]): EventSink {
  return {
    emit: (event) => {
      for (const sink of sinks) sink.emit(event);
    },
  };
}
