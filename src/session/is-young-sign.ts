/** Which changes a store may put off: a listener that is heard each second need not be written each second. */
import type { Session } from './session.ts';

function isSameBut<T extends object>(one: T, other: T, but: keyof T): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof T>;
  return [...names].every((name) => name === but || one[name] === other[name]);
}

/** Whether nothing differs but when the listener was last heard, and that by less than so many ms. */
export function isYoungSign(kept: Session, now: Session, lagMs: number): boolean {
  const [was, is] = [kept.listener, now.listener];
  if (was === null || is === null || is.seenAt - was.seenAt >= lagMs) return false;
  return isSameBut(kept, now, 'listener') && isSameBut(was, is, 'seenAt');
}
