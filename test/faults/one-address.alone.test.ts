import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFailed, onTestFinished, test } from 'vitest';
import { type CapturedProcess, spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { openRaw } from '../harness/raw-connection.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { forTest } from '../harness/for-test.ts';

// One address holds as many connections as it can; a client at another address must still be answered.

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const program = fileURLToPath(new URL('./one-address-load.ts', import.meta.url));

/** The load tries 20,000 polls and 1,000 connections that send their headers slowly. Each of the two processes opens half of them. */
const attackers = 2;
const polls = 20_000;
const slow = 1_000;
const probeCount = 300;

type Load = CapturedProcess & { last: () => { held: number; answered: number; cut: number } };

function startLoad(relay: Relay, keys: string[]): Load {
  const own = { polls: polls / attackers, slow: slow / attackers, port: relay.port, keys };
  const load = spawnCaptured(
    'bash',
    // Raise the limit of open files to the maximum.
    [
      '-c',
      'ulimit -n "$(ulimit -Hn)" && exec "$@"',
      'load',
      process.execPath,
      '--import',
      tsx,
      program,
      JSON.stringify(own),
    ],
    { env: cleanEnvironment('/nonexistent') },
  );
  onTestFinished(() => void load.child.kill('SIGKILL'));
  onTestFailed(() => console.error(load.stderr().slice(0, 2_000)));
  const last = (): { held: number; answered: number; cut: number } => {
    const lines = load
      .stdout()
      .toString('utf8')
      .split('\n')
      .filter((line) => line.startsWith('{'));
    return JSON.parse(lines.at(-1) ?? '{"held":0,"answered":0,"cut":0}');
  };
  return { ...load, last };
}

/** Duration of each probe in ms, sorted. Throws where one gets no 200 within 10 s. Every second probe uses a new connection. */
async function probe(relay: Relay): Promise<number[]> {
  const times: number[] = [];
  const kept = await openRaw(relay, { localAddress: '127.0.0.2' });
  for (let round = 0; round < probeCount; round += 1) {
    const began = performance.now();
    const connection = round % 2 === 0 ? kept : await openRaw(relay, { localAddress: '127.0.0.2' });
    connection.send('GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const { status } = await connection.next();
    times.push(performance.now() - began);
    if (status !== 200) throw new Error(`health is ${status}`);
    if (connection !== kept) connection.destroy();
    await untilPassed('the next probe is due', 20);
  }
  kept.destroy();
  return times.toSorted((one, other) => one - other);
}

const quantile = (times: number[], part: number): number => times[Math.ceil(part * times.length) - 1] ?? 0;

const describe = (times: number[]): string =>
  [0.5, 0.99, 1].map((part) => quantile(times, part).toFixed(1)).join(' ');

test(`one address holds ${polls} polls and ${slow} slow connections: a client at another address is answered`, {
  timeout: 400_000,
}, async () => {
  const relay = await forTest(startRelay());
  const keys: string[] = [];
  for (let nth = 0; nth < 200; nth += 1) {
    const made = await fetch(`${relay.url}/api/session`, { method: 'POST' });
    keys.push(((await made.json()) as { key: string }).key);
  }
  const alone = await probe(relay);

  const loads = Array.from({ length: attackers }, () => startLoad(relay, keys));
  await eventually(
    'all load processes have opened their connections',
    120_000,
    () => loads.every((load) => load.stdout().includes('begun')),
    500,
  );
  const during = await probe(relay);
  const seen = loads.map((load) => load.last());
  for (const load of loads) load.child.kill('SIGKILL');
  await Promise.all(loads.map((load) => withDeadline(load.exited, 10_000, 'the load ends')));
  const after = await probe(relay);
  console.log(
    `health in ms (median, p99, worst): ${describe(alone)} alone, ${describe(during)} during, ${describe(after)} after; ${JSON.stringify(seen)}`,
  );
  // The load was real: one address held as many polls as allowed; the other polls were closed or answered.
  expect(seen.reduce((sum, { held }) => sum + held, 0)).toBeGreaterThan(4_096);
  expect(relay.stderr()).not.toMatch(/EMFILE|internal/);
});
