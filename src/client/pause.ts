/** A pause that an AbortSignal can end, in Node and in a browser. */

/** The pause before the second attempt; each later one is twice as long, up to maxPauseMs. */
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
