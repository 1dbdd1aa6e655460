import { fileURLToPath } from 'node:url';
import { type Listener, startListener } from './listener.ts';

const script = fileURLToPath(new URL('../fixtures/legacy-listener.sh', import.meta.url));

/** Starts a legacy listener: it polls `GET /cmd` and posts to `/result` with the session key. */
export function startSlotListener(url: string, key: string): Promise<Listener> {
  return startListener(`exec bash '${script}' '${url}/cmd-${key}' '${url}/result-${key}'`);
}
