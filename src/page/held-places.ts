/** Limits long polls across all tabs: a browser has six connections to a relay, and four may be held. The others stay free. */

const heldPlaces = 4;

/** Locks the place until the returned function is called. Undefined if it is taken, or if the browser denies the lock API. */
function take(place: number): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    navigator.locks
      .request(`held-${place}`, { ifAvailable: true }, (lock) =>
        lock ? new Promise<void>((release) => resolve(release)) : resolve(undefined),
      )
      .catch(() => resolve(undefined));
  });
}

/** Holds one of the places while `work` runs; calls it with false if none is free. */
export async function withPlace<T>(work: (isHeld: boolean) => Promise<T>): Promise<T> {
  // Missing over plain HTTP.
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
