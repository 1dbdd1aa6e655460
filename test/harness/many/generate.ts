/** The load, in a process of its own: `node --import tsx generate.ts PORT PID SESSIONS READERS` prints a Report as JSON. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Arrival, type Keys, openLine, Peers, wokenWithinMs } from './peers.ts';

export type Latency = { p50: number; p99: number };

export type Report = {
  /** Milliseconds of a round trip, with nobody else there and with everybody waiting. */
  alone: Latency;
  crowded: Latency;
  rssKib: { before: number; after: number };
  polls: number;
  /** Sessions whose listener got just its own command, and soon; and readers that got just its result. */
  woken: { listeners: number; readers: number };
};

const [port = 0, pid = 0, sessions = 0, readers = 0] = process.argv.slice(2).map(Number);

const probes = 16;
const roundTrips = 250;

/** A machine that others use has bad moments: the best of so many is what the relay can do. */
const measurings = 6;
const hands = 32;

/** So many at once, until all are done. */
async function eachOf<T>(items: readonly T[], work: (item: T, hand: number) => Promise<void>): Promise<void> {
  let next = 0;
  const help = async (hand: number): Promise<void> => {
    while (next < items.length) {
      const item = items[next] as T;
      next += 1;
      await work(item, hand);
    }
  };
  await Promise.all(Array.from({ length: hands }, (_, hand) => help(hand)));
}

const lines = Array.from({ length: hands }, () => openLine(port));
const [pusher] = lines;

async function makeSessions(count: number): Promise<Peers[]> {
  const made: Peers[] = [];
  await eachOf(Array.from({ length: count }), async (_, hand) => {
    const reply = await lines[hand]?.ask('POST', '/api/session', '');
    if (reply?.status !== 201) throw new Error(`a session is answered ${reply?.status} ${reply?.body}`);
    made.push(new Peers(port, JSON.parse(reply.body) as Keys));
  });
  return made;
}

function readRss(): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function measureOnce(peers: readonly Peers[]): Promise<Latency> {
  const times: number[] = [];
  for (let trip = 0; trip < roundTrips; trip += 1) {
    const peer = peers[trip % peers.length];
    if (peer && pusher) times.push(await peer.measureRoundTrip(pusher, `echo trip ${trip}`));
  }
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

async function measure(peers: readonly Peers[]): Promise<Latency> {
  const best = { p50: Number.POSITIVE_INFINITY, p99: Number.POSITIVE_INFINITY };
  for (let nth = 0; nth < measurings; nth += 1) {
    const { p50, p99 } = await measureOnce(peers);
    best.p50 = Math.min(best.p50, p50);
    best.p99 = Math.min(best.p99, p99);
  }
  return best;
}

const observed = await makeSessions(probes);
for (const peer of observed) await peer.read().then(() => peer.listen(25));
const crowd = await makeSessions(sessions);
// The code is warm, and memory is what it is after work.
await measureOnce(observed);
const before = readRss();
const alone = await measure(observed);

await eachOf(crowd, (peer) => peer.listen(1 + Math.floor(Math.random() * 25)));
await eachOf(crowd.slice(0, readers), (peer) => peer.read());
// The last ones have been read once a later request has been answered.
await pusher?.ask('GET', '/api/health', '');
const after = readRss();
const crowded = await measure(observed);

const pushedAt: number[] = [];
await eachOf(
  crowd.map((peer, nth) => ({ peer, nth })),
  async ({ peer, nth }, hand) => {
    const reply = await lines[hand]?.ask('POST', peer.slot, '', `echo of session ${nth}`);
    if (reply?.status !== 201) throw new Error(`a push is answered ${reply?.status} ${reply?.body}`);
    pushedAt[nth] = performance.now();
  },
);
const isWoken = (got: Arrival[], nth: number, expected: string): boolean =>
  got.length === 1 && got[0]?.text === expected && got[0].at - (pushedAt[nth] ?? 0) < wokenWithinMs;
const count = () => ({
  listeners: crowd.filter(({ scripts }, nth) => isWoken(scripts, nth, `echo of session ${nth}`)).length,
  readers: crowd
    .slice(0, readers)
    .filter(({ results }, nth) => isWoken(results, nth, `ran echo of session ${nth}`)).length,
});
const deadline = performance.now() + wokenWithinMs;
const isDone = () => count().listeners === sessions && count().readers === readers;
while (performance.now() < deadline && !isDone()) await pause(20);

const report: Report = {
  alone,
  crowded,
  rssKib: { before, after },
  polls: sessions + readers,
  woken: count(),
};
console.log(JSON.stringify(report));
for (const peer of [...observed, ...crowd]) peer.close();
for (const line of lines) line.close();
