/** Generates load in a process of its own: `node --import tsx generate.ts PORT SESSIONS READERS` prints a Report as JSON. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Arrival, type Keys, openLine, Peers, wokenWithinMs } from './peers.ts';

export type Report = {
  /** How many listeners got exactly the command of their session in time, and how many readers exactly its result. */
  woken: { listeners: number; readers: number };
};

const [port = 0, sessions = 0, readers = 0] = process.argv.slice(2).map(Number);

const probes = 16;
const roundTrips = 250;
const hands = 32;

/** Processes all items, `hands` of them at a time. */
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
    if (reply?.status !== 201) throw new Error(`creating a session failed: ${reply?.status} ${reply?.body}`);
    made.push(new Peers(port, JSON.parse(reply.body) as Keys));
  });
  return made;
}

/** Throws if a wake-up is lost: the round trip then takes as long as a poll. */
async function makeRoundTrips(peers: readonly Peers[]): Promise<void> {
  for (let trip = 0; trip < roundTrips; trip += 1) {
    const peer = peers[trip % peers.length];
    if (peer && pusher) await peer.makeRoundTrip(pusher, `echo trip ${trip}`);
  }
}

const observed = await makeSessions(probes);
for (const peer of observed) await peer.read().then(() => peer.listen(25));
const crowd = await makeSessions(sessions);
await makeRoundTrips(observed);
await eachOf(
  crowd.map((peer, nth) => ({ peer, nth })),
  ({ peer, nth }) => peer.listen(1 + (nth % 25)),
);
await eachOf(crowd.slice(0, readers), (peer) => peer.read());
// The relay has accepted the connections of all polls; once it has answered this request, it has read the polls too.
await pusher?.ask('GET', '/api/health', '');
await makeRoundTrips(observed);

const pushedAt: number[] = [];
await eachOf(
  crowd.map((peer, nth) => ({ peer, nth })),
  async ({ peer, nth }, hand) => {
    const reply = await lines[hand]?.ask('POST', peer.slot, '', `echo of session ${nth}`);
    if (reply?.status !== 201) throw new Error(`a push failed: ${reply?.status} ${reply?.body}`);
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

const report: Report = { woken: count() };
console.log(JSON.stringify(report));
for (const peer of [...observed, ...crowd]) peer.close();
for (const line of lines) line.close();
