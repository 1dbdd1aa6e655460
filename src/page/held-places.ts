/** A browser has six connections to a relay, for all of its tabs and windows. So many of them may wait for news; the others stay free. */

const heldPlaces = 4;

/** Takes one of the places for as long as `work` lasts; calls it with false where all are taken, or the browser cannot say. */
export async function withPlace<T>(work: (isHeld: boolean) => Promise<T>): Promise<T> {
  // Not there over plain http.
  if (!('locks' in navigator)) return work(true);
  for (let place = 0; place < heldPlaces; place++) {
    const answer = await navigator.locks.request(`held-${place}`, { ifAvailable: true }, async (lock) =>
      lock ? { result: await work(true) } : undefined,
    );
    if (answer) return answer.result;
  }
  return work(false);
}
