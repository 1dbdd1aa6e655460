/**
 * A separate process with many waiting listeners, each with its own session and connection: `node --import tsx held-listeners.ts
 * PORT COUNT`. It prints `created` once the sessions exist, continues after a line on stdin, prints `held` once all polls are held, and
 * ends when stdin ends.
 */
import { once } from 'node:events';
import { type Keys, openLine, Peers } from '../../harness/many/peers.ts';

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
const hands = 32;
const lines = Array.from({ length: hands }, () => openLine(port));

async function eachOf(work: (nth: number, hand: number) => Promise<void>): Promise<void> {
  let next = 0;
  const help = async (hand: number): Promise<void> => {
    while (next < count) await work((next += 1) - 1, hand);
  };
  await Promise.all(lines.map((_, hand) => help(hand)));
}

const peers: Peers[] = [];
await eachOf(async (nth, hand) => {
  const reply = await lines[hand]?.ask('POST', '/api/session', '');
  if (reply?.status !== 201) throw new Error(`cannot create a session: ${reply?.status} ${reply?.body}`);
  peers[nth] = new Peers(port, JSON.parse(reply.body) as Keys);
});
console.log('created');
await once(process.stdin, 'data');
// Random poll durations, so that the listeners do not all poll again at the same time.
await eachOf(async (nth) => peers[nth]?.listen(10 + Math.floor(Math.random() * 15)));
await lines[0]?.ask('GET', '/api/health', '');
for (const line of lines) line.close();
console.log('held');
process.stdin.once('end', () => process.exit());
process.stdin.resume();
