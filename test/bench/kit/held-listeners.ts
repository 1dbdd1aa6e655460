/**
 * Listeners that wait, each with a session and a connection of its own, in a process of their own: `node --import tsx held-listeners.ts
 * PORT COUNT`. It says `created` once the sessions are there, goes on at a line on stdin, says `held` once all wait, and ends with stdin.
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
  if (reply?.status !== 201) throw new Error(`a session is answered ${reply?.status} ${reply?.body}`);
  peers[nth] = new Peers(port, JSON.parse(reply.body) as Keys);
});
console.log('created');
await once(process.stdin, 'data');
// Each comes back at a time of its own.
await eachOf(async (nth) => peers[nth]?.listen(10 + Math.floor(Math.random() * 15)));
await lines[0]?.ask('GET', '/api/health', '');
for (const line of lines) line.close();
console.log('held');
process.stdin.once('end', () => process.exit());
process.stdin.resume();
