/** What time it is for the relay, whose status says so. Times of commands are by the same clock. */

/** How far the relay's clock is ahead of this one, in ms. */
let aheadMs = 0;

/** `now`: in ms since 1970; undefined where the relay does not say it. */
export function noteRelayTime(now: number | undefined): void {
  if (now !== undefined) aheadMs = now - Date.now();
}

/** Milliseconds since 1970. */
export function relayNow(): number {
  return Date.now() + aheadMs;
}
