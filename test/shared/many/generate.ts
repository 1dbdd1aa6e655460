/**
 * Runs many waiting listeners on two relays, in a separate process: `node --import tsx generate.ts PORT,PORT SESSIONS`.
 * Prints `created` and `ready`, waits for a line on stdin after each, then pushes the commands and prints a Report as
 * JSON.
 */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Line } from '../../harness/many/line.ts';
import { type Keys, openLine, Peers, wokenWithinMs } from '../../harness/many/peers.ts';

export type Report = {
  /** Sessions whose listener got exactly its own command in time. */
  woken: number;
  /** Milliseconds from the answer to the push until the listener at the other relay has the command. */
  wake: { p50: number; p99: number };
};

const [ports = '', count = '0'] = process.argv.slice(2);
const [first = 0, second = 0] = ports.split(',').map(Number);
const sessions = Number(count);
const hands = 32;

async function eachOf<T>(items: readonly T[], work: (item: T, nth: number, hand: number) => Promise<void>) {
  let next = 0;
  const help = async (hand: number): Promise<void> => {
    while (next < items.length) {
      const nth = next;
      next += 1;
      await work(items[nth] as T, nth, hand);
    }
  };
  await Promise.all(Array.from({ length: hands }, (_, hand) => help(hand)));
}

/** The listener polls one relay, the client uses the other. */
type Pair = { peers: Peers; lines: readonly Line[] };

const atFirst = Array.from({ length: hands }, () => openLine(first));
const atSecond = Array.from({ length: hands }, () => openLine(second));

const pairs: Pair[] = [];
await eachOf(Array.from({ length: sessions }), async (_, nth, hand) => {
  const isOdd = nth % 2 === 1;
  const lines = isOdd ? atFirst : atSecond;
  const reply = await lines[hand]?.ask('POST', '/api/session', '');
  if (reply?.status !== 201) throw new Error(`POST /api/session is answered ${reply?.status} ${reply?.body}`);
  pairs[nth] = { peers: new Peers(isOdd ? second : first, JSON.parse(reply.body) as Keys), lines };
});
console.log('created');
await once(process.stdin, 'data');
await eachOf(pairs, ({ peers }) => peers.listen(25));
// The relays have accepted the connections of all polls; once they have answered later requests, they have read the polls too.
for (const [line] of [atFirst, atSecond]) await line?.ask('GET', '/api/health', '');
console.log('ready');
await once(process.stdin, 'data');

const pushedAt: number[] = [];
await eachOf(pairs, async ({ peers, lines }, nth, hand) => {
  const reply = await lines[hand]?.ask('POST', peers.slot, '', `echo of session ${nth}`);
  if (reply?.status !== 201) throw new Error(`a push is answered ${reply?.status} ${reply?.body}`);
  pushedAt[nth] = performance.now();
});
const listWakes = (): number[] =>
  pairs.flatMap(({ peers: { scripts } }, nth) => {
    const [got] = scripts;
    const took = (got?.at ?? Number.NaN) - (pushedAt[nth] ?? 0);
    const isIts = scripts.length === 1 && got?.text === `echo of session ${nth}`;
    return isIts && took < wokenWithinMs ? [took] : [];
  });
const deadline = performance.now() + wokenWithinMs;
while (performance.now() < deadline && listWakes().length < sessions) await pause(50);
const wakes = listWakes().toSorted((a, b) => a - b);
const at = (share: number): number => wakes[Math.floor(share * wakes.length)] ?? Number.NaN;
const report: Report = { woken: wakes.length, wake: { p50: at(0.5), p99: at(0.99) } };
console.log(JSON.stringify(report));
for (const { peers } of pairs) peers.close();
for (const line of [...atFirst, ...atSecond]) line.close();
process.stdin.destroy();
