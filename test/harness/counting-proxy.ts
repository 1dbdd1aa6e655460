import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { passOn } from './pass-on.ts';

export type CountingProxy = {
  /** The base URL in the line to paste of sessions that are created here. */
  url: string;
  /** How many requests with this in their path were answered completely. */
  answered: (part: string) => number;
  stop: () => Promise<void>;
};

/** Starts a proxy in front of a relay that counts answered requests and changes nothing. */
export async function startCountingProxy(relay: { url: string }): Promise<CountingProxy> {
  const { port } = new URL(relay.url);
  const answeredPaths: string[] = [];
  const server = createServer((incoming, answer) => {
    answer.on('close', () => {
      if (answer.writableFinished) answeredPaths.push(incoming.url ?? '/');
    });
    passOn(incoming, answer, Number(port));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answered: (part) => answeredPaths.filter((path) => path.includes(part)).length,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
