import { onTestFinished } from 'vitest';

type Ending = () => unknown;

/** What the functions of the harness return: it ends by one of these. */
export type Started = { stop: Ending } | { remove: Ending } | { close: Ending };

export async function end(started: Started): Promise<void> {
  if ('stop' in started) await started.stop();
  else if ('remove' in started) await started.remove();
  else await started.close();
}

/** For what one test needs: `const remote = await forTest(startRemote(relay))`. It ends when the test has finished, the last one first. */
export async function forTest<T extends Started>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  onTestFinished(() => end(started));
  return started;
}
