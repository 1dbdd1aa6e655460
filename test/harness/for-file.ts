import { beforeAll, beforeEach } from 'vitest';
import { end, type Started } from './for-test.ts';

type Hook = (run: () => Promise<() => Promise<void>>) => void;

function start<T extends Started>(hook: Hook, what: string, starting: () => Promise<T>): T {
  let started: T | undefined;
  hook(async () => {
    const own = await starting();
    started = own;
    return () => end(own);
  });
  return new Proxy({} as T, {
    get: (_none, name) => {
      if (!started) throw new Error(`${what} has not started: use it in a test or a hook`);
      const value = Reflect.get(started, name) as unknown;
      return typeof value === 'function' ? (value.bind(started) as unknown) : value;
    },
  });
}

/** For all tests of a file or of a `describe`: it starts before the first of them and ends after the last. `what`: for the error message. */
export const forFile = <T extends Started>(what: string, starting: () => Promise<T>): T =>
  start(beforeAll, what, starting);

/** Starts anew before each test of a file or of a `describe`, and ends after it. */
export const forEachTest = <T extends Started>(what: string, starting: () => Promise<T>): T =>
  start(beforeEach, what, starting);
