/** The one way in: time first, then the event, then the quota and the count of what changed. */
import { Refusal } from '../protocol/errors.ts';
import { keepWithinQuota } from './quota.ts';
import { reopenSession } from './reopen-session.ts';
import type { Outcome, Session } from './session.ts';
import { advance, nextDeadline, sessionDeadline, touch } from './time.ts';

/** The clock of the store, in milliseconds since 1970. */
export interface Clock {
  readonly now: number;
  /** Since then requests could arrive without a gap: silence before it proves nothing. */
  readonly upSince: number;
}

export interface Moment extends Clock {
  readonly ttlMs: number;
  /** A request on the key keeps the session; the clock does not. */
  readonly byRequest: boolean;
  /** What the session may store. */
  readonly quotaBytes: number;
}

export type Transition<T> = (session: Session, now: number) => Outcome<T>;

/** Reopened; throws `gone` once its time is up. */
function reopenInTime(session: Session, { now, upSince }: Clock, ttlMs: number): Session {
  const reopened = reopenSession(session, upSince, now);
  if (now >= sessionDeadline(reopened, now, ttlMs)) throw new Refusal('gone');
  return reopened;
}

/** The session at this moment, as readers see it; the very same object when nothing fell due. Throws `gone` once its time is up. */
export function viewSession(session: Session, clock: Clock, ttlMs: number): Session {
  return advance(reopenInTime(session, clock, ttlMs), clock.now);
}

/** When the clock is to ring for a session next, ms since 1970. */
export function dueAt(session: Session, { now, upSince }: Clock, ttlMs: number): number {
  return nextDeadline(reopenSession(session, upSince, now), now, ttlMs);
}

/** The session after the event; the very same object when nothing changed. Throws `gone` once its time is up. */
export function applyTransition<T>(session: Session, transition: Transition<T>, moment: Moment): Outcome<T> {
  const { now, ttlMs, byRequest, quotaBytes } = moment;
  const reopened = reopenInTime(session, moment, ttlMs);
  const onTime = advance(reopened, now);
  const touched = byRequest ? touch(onTime, now, ttlMs) : onTime;
  const outcome = keepWithinQuota(transition(touched, now), quotaBytes);
  const isLoud = outcome.session !== touched && outcome.quiet !== true;
  if (onTime === reopened && !isLoud) return { ...outcome, quiet: true };
  const keepsRevision = onTime === reopened && outcome.keepsRevision === true;
  const revision = keepsRevision ? session.revision : session.revision + 1;
  return { ...outcome, session: { ...outcome.session, revision }, quiet: false };
}
