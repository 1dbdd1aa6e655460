/** Estimates the relay's clock from its status responses, because times of commands are by that clock. */

/** How far the relay's clock is ahead of this one, in ms. */
let aheadMs = 0;

/** `now`: in ms since 1970; undefined if the relay does not report it. */
export function noteRelayTime(now: number | undefined): void {
  if (now !== undefined) aheadMs = now - Date.now();
}

/** Milliseconds since 1970. */
export function relayNow(): number {
  return Date.now() + aheadMs;
}
