/** Events for logs and counters: one for each change of a session, emitted once the store has it. */
import { type Change, listChanges } from '../session/changes.ts';
import { reopenSession } from '../session/reopen-session.ts';
import { advance } from '../session/time.ts';
import type { Committed } from '../store/store.ts';

export interface SessionEvent {
  /** The full name of the session: for look-ups, never for logs. */
  readonly session: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The address whose request caused the change; null if a deadline did. */
  readonly from: string | null;
  readonly change: Change | { readonly subject: 'session'; readonly what: 'created' | 'ended' | 'expired' };
  /** The script of a pushed command. */
  readonly script?: Uint8Array;
}

export interface EventSink {
  emit(event: SessionEvent): void;
}

/** The events of one update: first the changes by deadlines, then those by the request. */
export function listEvents(committed: Committed<unknown>, from: string | null): SessionEvent[] {
  const { before, after, clock, put } = committed;
  // Most updates are heartbeats and output, which cause no events.
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

/** One sink that passes each event to all of the given sinks. */
export function joinSinks(sinks: readonly EventSink[]): EventSink {
  return {
    emit: (event) => {
      for (const sink of sinks) sink.emit(event);
    },
  };
}
