import { beforeAll, onTestFinished } from 'vitest';
import { type Relay, type RelayOptions, startRelay } from './relay-process.ts';

type Ending = () => unknown;

/** What the functions of the harness return: it ends by one of these. */
type Started = { stop: Ending } | { remove: Ending } | { close: Ending };

/** For what one test needs: `const remote = await forTest(startRemote(relay))`. It ends when the test has finished, the last one first. */
export async function forTest<T extends Started>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  onTestFinished(async () => {
    if ('stop' in started) await started.stop();
    else if ('remove' in started) await started.remove();
    else await started.close();
  });
  return started;
}

/** A relay for all tests of a file or of a `describe`. It starts before the first of them and stops after the last. */
export function useRelay(options: RelayOptions = {}): Relay {
  let relay: Relay | undefined;
  beforeAll(async () => {
    relay = await startRelay(options);
    return relay.stop;
  });
  return new Proxy({} as Relay, {
    get: (_none, name) => {
      if (!relay) throw new Error('the relay has not started: use it in a test or a hook');
      return Reflect.get(relay, name) as unknown;
    },
  });
}
