import { describe, expect, onTestFailed, onTestFinished, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { introduce } from '../harness/resource.ts';
import { readSession, startRemote } from '../harness/remote.ts';
import { makeSession } from '../harness/slot-session.ts';
import { mib, postLarge, readMemory, stall } from './stalled-kit.ts';

// Clients that ask for the largest answers and read nothing of them cost little memory, and the relay serves others.

const readers = 20;
const maxMemory = 450;
const timeout = 180_000;

async function start(store: 'memory:' | 'files'): Promise<Relay> {
  const relay = await startRelay(store === 'memory:' ? { store } : {});
  onTestFinished(relay.stop);
  return relay;
}

/** Below the bound up to now, and a real command of another session runs. */
async function expectModest(relay: Relay, what: string, most = maxMemory): Promise<void> {
  const { peak, now } = await readMemory(relay);
  if (process.env['REMOTIFY_TEST_FIGURES']) console.log(`${what}: peak ${peak} MiB, now ${now} MiB`);
  expect(peak, `MiB of memory, ${what}`).toBeLessThan(most);
  const remote = await startRemote(relay);
  onTestFinished(remote.stop);
  onTestFailed(() => console.error(remote.listener.output().slice(-2_000)));
  const run = await remote.run(['exec', 'echo served; exit 3']);
  expect([run.exitCode, run.text]).toEqual([3, 'served\n']);
}

const asListener = ({ listener_key: key }: { listener_key: string }, mode: 'auto' | 'supervised') => [
  `Authorization: Bearer ${key}`,
  ...introduce('one', { mode }).filter((word) => word !== '-H'),
];

describe.each(['memory:', 'files'] as const)('--store %s', (store) => {
  test.each(['auto', 'supervised'] as const)(
    'twenty stalled GET …/next of one %s listener with a command of 74 MiB: one answer is open, the others are cut',
    { timeout },
    async (mode) => {
      const relay = await start(store);
      const session = await makeSession(relay);
      await postLarge(relay, `/cmd-${session.key}`);
      const stalled = [];
      for (let nth = 0; nth < readers; nth += 1)
        stalled.push(await stall(relay, '/api/session/self/next?wait=0', asListener(session, mode)));
      // The newest reads nothing yet: its 74 MiB would keep this process from seeing the ends of the others.
      const last = stalled.pop();
      for (const connection of stalled) connection.resume();
      for (const connection of stalled)
        await eventually('an older answer is cut', 20_000, () => connection.isClosed());
      last?.resume();
      await eventually('the newest answer goes on', 20_000, () => (last?.rest().byteLength ?? 0) > 30 * mib);
      expect(last?.isClosed()).toBe(false);
      last?.destroy();
      for (const connection of stalled) expect(connection.rest().byteLength).toBeLessThan(20 * mib);
      await expectModest(relay, `next, ${mode}, ${store}`);
    },
  );

  test('twenty stalled readers of 20 MiB of output', { timeout }, async () => {
    const relay = await start(store);
    const remote = await startRemote(relay);
    onTestFinished(remote.stop);
    const ran = await remote.run(['exec', 'head -c 20M /dev/zero'], { deadlineMs: 60_000 });
    expect(ran.stdout.byteLength).toBe(20 * mib);
    const { key } = await readSession(remote.configDir);
    for (let nth = 0; nth < readers; nth += 1)
      await stall(relay, `/api/session/${key}/commands/c1/output?stream=stdout&offset=${nth}`);
    // One answer has 1 MiB at most.
    await expectModest(relay, `output, ${store}`, 250);
  });
});

test('twenty stalled GET /cmd, each of a command of 74 MiB of its own', { timeout }, async () => {
  const relay = await start('files');
  for (let nth = 0; nth < readers; nth += 1) {
    const session = await makeSession(relay);
    await postLarge(relay, `/cmd-${session.key}`);
    await stall(relay, `/cmd-${session.key}`);
  }
  await expectModest(relay, 'GET /cmd');
});

test('twenty stalled GET /result, each of a result of 74 MiB of its own', { timeout }, async () => {
  const relay = await start('files');
  for (let nth = 0; nth < readers; nth += 1) {
    const session = await makeSession(relay);
    await postLarge(relay, `/result-${session.key}`);
    await stall(relay, `/result-${session.key}`);
  }
  await expectModest(relay, 'GET /result');
});

test('twenty stalled GET …/next of twenty listeners, each with a command of 74 MiB of its own', {
  timeout,
}, async () => {
  const relay = await start('files');
  for (let nth = 0; nth < readers; nth += 1) {
    const session = await makeSession(relay);
    await postLarge(relay, `/cmd-${session.key}`);
    await stall(relay, '/api/session/self/next?wait=0', asListener(session, 'auto'));
  }
  await expectModest(relay, 'next of twenty listeners');
});

test('ten commands of 74 MiB that are pushed at once: what is refused is refused with 503, and memory stays below a body budget', {
  timeout,
}, async () => {
  const relay = await start('files');
  const sessions = await Promise.all(Array.from({ length: 10 }, () => makeSession(relay)));
  const pushes = await Promise.allSettled(sessions.map(({ key }) => postLarge(relay, `/cmd-${key}`)));
  for (const push of pushes)
    if (push.status === 'rejected') expect(String(push.reason)).toContain('POST of 74 MiB: 503');
  expect(pushes.some(({ status }) => status === 'fulfilled')).toBe(true);
  const { peak } = await readMemory(relay);
  if (process.env['REMOTIFY_TEST_FIGURES']) console.log(`ten pushes at once: peak ${peak} MiB`);
  // The budget of all bodies is 512 MiB, of which one address has half; each is held in pieces and once more in one.
  expect(peak).toBeLessThan(700);
});
