/** The one way in: time first, then the event, then the count of what changed. */
import { Refusal } from '../protocol/errors.ts';
import type { Outcome, Session } from './session.ts';
import { advance, sessionDeadline, touch } from './time.ts';

export interface Moment {
  /** Milliseconds since 1970. */
  now: number;
  ttlMs: number;
  /** A request on the key keeps the session; the clock does not. */
  byRequest: boolean;
  /** A request on the key is being held: the session is in use for as long. */
  isHeld: boolean;
}

export type Transition<T> = (session: Session, now: number) => Outcome<T>;

/** The session after the event; the very same object when nothing changed. Throws `gone` once its time is up. */
export function applyTransition<T>(session: Session, transition: Transition<T>, moment: Moment): Outcome<T> {
  const { now, ttlMs, byRequest, isHeld } = moment;
  if (!isHeld && now >= sessionDeadline(session, now, ttlMs)) throw new Refusal('gone');
  const onTime = advance(session, now);
  const touched = byRequest || isHeld ? touch(onTime, now, ttlMs) : onTime;
  const outcome = transition(touched, now);
  const loud = onTime !== session || (outcome.session !== touched && outcome.quiet !== true);
  if (!loud) return { ...outcome, quiet: true };
  return { ...outcome, session: { ...outcome.session, revision: session.revision + 1 }, quiet: false };
}
