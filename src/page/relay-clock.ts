/** What time it is for the relay, whose answers say so. */

/** How far the relay's clock is ahead of this one, in ms. */
let aheadMs = 0;

/** `date` is the header of an answer. */
export function noteRelayTime(date: string | undefined): void {
  const time = Date.parse(date ?? '');
  if (!Number.isNaN(time)) aheadMs = time - Date.now();
}

/** Milliseconds since 1970. */
export function relayNow(): number {
  return Date.now() + aheadMs;
}
