import { setTimeout as pause } from 'node:timers/promises';

/** Settles like `promise`, or rejects after `ms` with an error that contains `name`. */
export async function withDeadline<T>(promise: Promise<T>, ms: number, name: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${name}`)), ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

type NotYet = false | null | undefined;

/**
 * Calls `check` every `everyMs` and returns its first result that is not false, null or undefined. A check that throws counts as
 * "not yet"; its last error is the cause of the error thrown after `ms`.
 */
export async function eventually<T>(
  name: string,
  ms: number,
  check: () => T | NotYet | Promise<T | NotYet>,
  everyMs = 25,
): Promise<T> {
  const deadline = performance.now() + ms;
  let lastError: unknown;
  for (;;) {
    const left = deadline - performance.now();
    if (left <= 0) throw new Error(`not within ${ms} ms: ${name}`, { cause: lastError });
    try {
      const found = await withDeadline(Promise.resolve(check()), left, name);
      if (found !== false && found !== null && found !== undefined) return found;
      lastError = undefined;
    } catch (error) {
      // Keep the earlier error: the error of the deadline itself has less information.
      if (lastError === undefined || performance.now() < deadline - 5) lastError = error;
    }
    await pause(everyMs);
  }
}

/** Waits until `ms` have passed since `since` (`performance.now()`). For the few tests of real durations. */
export async function untilPassed(name: string, ms: number, since = performance.now()): Promise<void> {
  await eventually(name, ms + 5_000, () => performance.now() - since >= ms);
}
