import { beforeAll } from 'vitest';
import { type Relay, type RelayOptions, startRelay } from './relay-process.ts';

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
