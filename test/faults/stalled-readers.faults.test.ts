import { describe, expect, onTestFailed, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { introduce } from '../harness/resource.ts';
import { readSession, startRemote } from '../harness/remote.ts';
import { makeSession } from '../harness/slot-session.ts';
import { mib, postLarge, readMemory, stall } from './stalled-kit.ts';
import { forTest } from '../harness/for-test.ts';

// Clients that request the largest answers and do not read them: they cost the relay little memory, and it still serves others.

const readers = 20;
const maxMemory = 450;
const timeout = 180_000;

async function start(store: 'memory:' | 'files'): Promise<Relay> {
  const relay = await forTest(startRelay(store === 'memory:' ? { store } : {}));
  return relay;
}

/** Expects that the peak memory is below the limit, and that a command of another session runs. */
async function expectModest(relay: Relay, what: string, most = maxMemory): Promise<void> {
  const { peak, now } = await readMemory(relay);
  if (process.env['REMOTIFY_TEST_FIGURES']) console.log(`${what}: peak ${peak} MiB, now ${now} MiB`);
  expect(peak, `MiB of memory, ${what}`).toBeLessThan(most);
  const remote = await forTest(startRemote(relay));
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
    'twenty stalled GET …/next of one %s listener with a command of 74 MiB: only the newest answer stays open',
    { timeout },
    async (mode) => {
      const relay = await start(store);
      const session = await makeSession(relay);
      await postLarge(relay, `/cmd-${session.key}`);
      const stalled = [];
      for (let nth = 0; nth < readers; nth += 1)
        stalled.push(await stall(relay, '/api/session/self/next?wait=0', asListener(session, mode)));
      // The newest connection reads nothing yet: its 74 MiB would delay this process in noticing that the others close.
      const last = stalled.pop();
      for (const connection of stalled) connection.resume();
      for (const connection of stalled)
        await eventually('an older answer is closed', 20_000, () => connection.isClosed());
      last?.resume();
      await eventually(
        'the newest answer continues',
        20_000,
        () => (last?.rest().byteLength ?? 0) > 30 * mib,
      );
      expect(last?.isClosed()).toBe(false);
      last?.destroy();
      for (const connection of stalled) expect(connection.rest().byteLength).toBeLessThan(20 * mib);
      await expectModest(relay, `next, ${mode}, ${store}`);
    },
  );

  test('twenty stalled readers of 20 MiB of output: memory stays below 250 MiB', { timeout }, async () => {
    const relay = await start(store);
    const remote = await forTest(startRemote(relay));
    const ran = await remote.run(['exec', 'head -c 20M /dev/zero'], { deadlineMs: 60_000 });
    expect(ran.stdout.byteLength).toBe(20 * mib);
    const { key } = await readSession(remote.configDir);
    for (let nth = 0; nth < readers; nth += 1)
      await stall(relay, `/api/session/${key}/commands/c1/output?stream=stdout&offset=${nth}`);
    // An answer has at most 1 MiB.
    await expectModest(relay, `output, ${store}`, 250);
  });
});

test(`twenty stalled GET /cmd, each of its own command of 74 MiB: memory stays below ${maxMemory} MiB`, {
  timeout,
}, async () => {
  const relay = await start('files');
  for (let nth = 0; nth < readers; nth += 1) {
    const session = await makeSession(relay);
    await postLarge(relay, `/cmd-${session.key}`);
    await stall(relay, `/cmd-${session.key}`);
  }
  await expectModest(relay, 'GET /cmd');
});

test(`twenty stalled GET /result, each of its own result of 74 MiB: memory stays below ${maxMemory} MiB`, {
  timeout,
}, async () => {
  const relay = await start('files');
  for (let nth = 0; nth < readers; nth += 1) {
    const session = await makeSession(relay);
    await postLarge(relay, `/result-${session.key}`);
    await stall(relay, `/result-${session.key}`);
  }
  await expectModest(relay, 'GET /result');
});

test(`twenty stalled GET …/next of twenty listeners, each with a command of 74 MiB: memory stays below ${maxMemory} MiB`, {
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

test('ten commands of 74 MiB are pushed at once: some are accepted, the others get 503, memory stays below 700 MiB', {
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
  // The budget of all bodies is 512 MiB, of which one address has half; the relay holds each body in pieces and then also in one buffer.
  expect(peak).toBeLessThan(700);
});
