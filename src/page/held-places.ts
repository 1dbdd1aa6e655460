/** A browser has six connections to a relay, for all of its tabs and windows. So many of them may wait for news; the others stay free. */

const heldPlaces = 4;

/** The place, until the returned function is called; undefined where it is taken, or where the browser refuses to say. */
function take(place: number): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    navigator.locks
      .request(`held-${place}`, { ifAvailable: true }, (lock) =>
        lock ? new Promise<void>((release) => resolve(release)) : resolve(undefined),
      )
      .catch(() => resolve(undefined));
  });
}

/** Takes one of the places for as long as `work` lasts; calls it with false where there is none. */
export async function withPlace<T>(work: (isHeld: boolean) => Promise<T>): Promise<T> {
  // Not there over plain http.
  if (!('locks' in navigator)) return work(true);
  for (let place = 0; place < heldPlaces; place++) {
    const release = await take(place);
    if (release)
      try {
        return await work(true);
      } finally {
        release();
      }
  }
  return work(false);
}
