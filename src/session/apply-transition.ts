/** The only way to change a session: applies due timeouts, then the event, then the quota, then the revision. */
import { Refusal } from '../protocol/errors.ts';
import { keepWithinQuota } from './quota.ts';
import { reopenSession } from './reopen-session.ts';
import type { Outcome, Session } from './session.ts';
import { advance, nextDeadline, sessionDeadline, touch } from './time.ts';

/** The clock of the store, in milliseconds since 1970. */
export interface Clock {
  readonly now: number;
  /** From this time on, requests could arrive without interruption. A listener that was silent before this time is not necessarily gone. */
  readonly upSince: number;
}

export interface Moment extends Clock {
  readonly ttlMs: number;
  /** True for a request on the key, which keeps the session alive; false for the timer. */
  readonly byRequest: boolean;
  /** How many bytes the session may store. */
  readonly quotaBytes: number;
}

export type Transition<T> = (session: Session, now: number) => Outcome<T>;

/** The session from reopenSession(). Throws `gone` once the session has expired. */
function reopenInTime(session: Session, { now, upSince }: Clock, ttlMs: number): Session {
  const reopened = reopenSession(session, upSince, now);
  if (now >= sessionDeadline(reopened, now, ttlMs)) throw new Refusal('gone');
  return reopened;
}

/** The session as readers see it now; the same object when no timeout was due. Throws `gone` once it has expired. */
export function viewSession(session: Session, clock: Clock, ttlMs: number): Session {
  return advance(reopenInTime(session, clock, ttlMs), clock.now);
}

/** When the timer must fire for this session next, in ms since 1970. */
export function dueAt(session: Session, { now, upSince }: Clock, ttlMs: number): number {
  return nextDeadline(reopenSession(session, upSince, now), now, ttlMs);
}

/** The session after the event; the same object when nothing changed. Throws `gone` once it has expired. */
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
