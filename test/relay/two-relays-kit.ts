import { onTestFinished } from 'vitest';
import { type Client, makeClient } from '../harness/client.ts';
import { type Listener, startListener } from '../harness/listener.ts';
import { openStoreHere, type RelayHere, shareStore, startRelayHere } from '../harness/relay-here.ts';
import { waitForState } from '../harness/remote.ts';
import { forTest } from '../harness/for-test.ts';

type PairOptions = { ttlMs?: number; longPollMs?: number };

export type Pair = {
  a: RelayHere;
  b: RelayHere;
  /** Lines of both audit logs. */
  audit: () => string[];
  /** Starts relay A again on the same port after it was closed. */
  reopenA: () => Promise<RelayHere>;
};

/** Two relays on one store; they close after the test. */
export async function startPair(options: PairOptions = {}): Promise<Pair> {
  const inner = await openStoreHere(options.ttlMs);
  onTestFinished(() => inner.close());
  const shared = shareStore(inner);
  const relays: RelayHere[] = [];
  const start = async (port = 0) => {
    const relay = await startRelayHere(shared.take(), { ...options, port });
    relays.push(relay);
    onTestFinished(relay.close);
    return relay;
  };
  const [a, b] = [await start(), await start()];
  return { a, b, audit: () => relays.flatMap((relay) => relay.audit()), reopenA: () => start(a.port) };
}

export type PairRemote = Client & { listener: Listener; line: string };

/** A client with a session that was created at one relay, and an auto listener that connects to the other one. */
export async function startAcross(client: { url: string }, listener: { url: string }): Promise<PairRemote> {
  const made = await forTest(makeClient(client));
  const line = (await made.makeSession('--auto')).replaceAll(client.url, listener.url);
  const started = await forTest(startListener(line));
  await waitForState(made, 'the listener is attached', (state) => state.listener?.attached === true);
  return { ...made, listener: started, line };
}
