import { expect, test } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { eventually } from '../harness/deadline.ts';
import { openStoreHere, overlayStore, type RelayHere, startRelayHere } from '../harness/relay-here.ts';
import { introduce } from '../harness/resource.ts';
import { startRemote } from '../harness/remote.ts';
import { makeSession } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';

// Each call of a store on another machine is a round trip: the tests limit the number of calls.

const counted = [
  'create',
  'read',
  'update',
  'readBytes',
  'remove',
  'has',
  'count',
  'listAccount',
  'take',
  'check',
] as const;

type Counts = Record<string, number>;

type Counting = {
  relay: RelayHere;
  /** Calls since the last reset, by method. */
  counts: () => Counts;
  reset: () => void;
  /** Waits until `held` requests are held and there was no call of the store for 300 ms. */
  waitUntilIdle: (held: number) => Promise<void>;
};

/** A relay in this process, on a store in memory whose calls are counted. */
async function startCounting(): Promise<Counting> {
  const inner = await openStoreHere();
  let counts: Counts = {};
  let lastCallAt = performance.now();
  let watches = 0;
  const own: Record<string, unknown> = {};
  for (const name of counted) {
    const method = inner[name].bind(inner) as (...args: unknown[]) => unknown;
    own[name] = (...args: unknown[]) => {
      counts[name] = (counts[name] ?? 0) + 1;
      lastCallAt = performance.now();
      return method(...args);
    };
  }
  const watch: Store['watch'] = (name, wake) => {
    watches += 1;
    const unwatch = inner.watch(name, wake);
    return () => {
      watches -= 1;
      unwatch();
    };
  };
  const relay = await forTest(startRelayHere(overlayStore(inner, { ...(own as Partial<Store>), watch })));
  return {
    relay,
    counts: () => ({ ...counts }),
    reset: () => {
      counts = {};
    },
    waitUntilIdle: async (held) => {
      await eventually(`${held} requests are held, and the store is idle`, 15_000, () => {
        return watches === held && performance.now() - lastCallAt > 300;
      });
    },
  };
}

function expectAtMost(counts: Counts, most: number, what: string): void {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  expect(total, `${what}: ${total} calls of the store, ${JSON.stringify(counts)}`).toBeLessThanOrEqual(most);
  // Counting must work: a counter that misses calls would always pass.
  expect(counts['update'], JSON.stringify(counts)).toBeGreaterThanOrEqual(3);
}

test('one exec with an idle listener: at most 14 calls of the store', async () => {
  const { relay, counts, reset, waitUntilIdle } = await startCounting();
  const remote = await forTest(startRemote(relay));
  expect((await remote.run(['exec', 'true'])).exitCode).toBe(0);
  await waitUntilIdle(1);
  reset();
  expect((await remote.run(['exec', 'true'])).exitCode).toBe(0);
  expectAtMost(counts(), 14, 'exec true');
});

test('push, finish and output over HTTP with a held next: at most 9 calls of the store', async () => {
  const { relay, counts, reset, waitUntilIdle } = await startCounting();
  const { key, listener_key: listenerKey } = await makeSession(relay);
  const headers = Object.fromEntries(
    introduce('one')
      .filter((word) => word !== '-H')
      .map((line) => line.split(': ') as [string, string]),
  );
  const send = async (as: 'client' | 'listener', method: string, path: string, body?: string) => {
    const bearer = { authorization: `Bearer ${as === 'client' ? key : listenerKey}` };
    const answer = await fetch(`${relay.url}/api/session/self${path}`, {
      method,
      headers: as === 'client' ? bearer : { ...bearer, ...headers },
      ...(body !== undefined && { body }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const roundTrip = async (id: string) => {
    const next = send('listener', 'GET', '/next?wait=20');
    await waitUntilIdle(1);
    reset();
    expect(await send('client', 'POST', '/commands', 'echo one')).toMatchObject({ status: 201 });
    expect((await next).text).toContain(`run ${id} `);
    const output = send('client', 'GET', `/commands/${id}/output?wait=20`);
    const end = `/commands/${id}/finish?exit_status=0&stdout_bytes=4`;
    expect(await send('listener', 'POST', end, 'one\n')).toMatchObject({ status: 200 });
    expect(await output).toEqual({ status: 200, text: 'one\n' });
  };
  await roundTrip('c1');
  await roundTrip('c2');
  expectAtMost(counts(), 9, 'a round trip');
});
