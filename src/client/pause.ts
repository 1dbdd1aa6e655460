/** A wait that a signal ends, in Node and in a browser. */

/** Before the second attempt; each further pause is twice as long, up to the longest. */
export const firstPauseMs = 100;
export const maxPauseMs = 2_000;

/** Resolves after `ms`. Rejects with the reason of the signal as soon as that aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}
