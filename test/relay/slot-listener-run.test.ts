import { describe, expect, onTestFinished, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { hasFakeClock, makeFakeClock } from '../harness/fake-clock.ts';
import { makeGate } from '../harness/gate.ts';
import { startRelay } from '../harness/relay-process.ts';
import { waitForState } from '../harness/remote.ts';
import { openSession, type SessionPayload } from '../harness/slot-session.ts';
import { startSlotListener } from '../harness/slot-listener.ts';
import { forTest } from '../harness/for-test.ts';

// A legacy listener runs a command for longer than the 45 s of silence after which a listener counts as gone.

/** The relay takes a jump of the clock by more than 5 s for a time in which it was stopped, and does not count it as silence. */
const stepSeconds = 4;
const silenceSeconds = 48;

async function setUp() {
  const clock = await makeFakeClock();
  const env = { ...clock.env, FAKETIME_DONT_FAKE_MONOTONIC: '0' };
  const relay = await forTest(
    startRelay({ store: 'memory:', flags: ['--long-poll', '2s', '--audit-log'], env }),
  );
  const client = await forTest(makeClient(relay));
  const made = await client.runJson<SessionPayload>('new');
  await forTest(startSlotListener(relay.url, made.key));
  await waitForState(client, 'the listener polls', (state) => state.listener?.attached === true);
  const gate = await forTest(makeGate(client.configDir));
  await client.run(['exec', '-d', `${gate.wait}; echo over`]);
  await waitForState(client, 'the command runs', ({ current }) => current === 'c1');
  const session = openSession(made);
  for (let passed = stepSeconds; passed <= silenceSeconds; passed += stepSeconds) {
    await clock.set(passed);
    await eventually(`${passed} s have passed at the relay`, 10_000, async () => {
      return ((await session.status()).cmd_in_flight_seconds_ago ?? 0) >= passed;
    });
  }
  return { relay, client, gate };
}

describe.skipIf(!hasFakeClock)('with libfaketime', { timeout: 60_000 }, () => {
  test('legacy listener after 48 s of a run: status, list and wait show it as connected; the audit log has no absence', async () => {
    const { relay, client, gate } = await setUp();
    const isConnected = () =>
      waitForState(client, 'the status', () => true).then(({ listener }) => listener?.attached);
    expect(await isConnected()).toBe(true);
    expect((await client.run(['status'])).text).toMatch(
      /^listener +connected, legacy listener, mode unknown$/m,
    );
    expect(await client.runJson('list')).toMatchObject({ sessions: [{ state: 'connected' }] });
    expect(await client.run(['wait', '--listener', '--wait', '0'])).toMatchObject({ exitCode: 0 });
    await gate.open();
    await waitForState(client, 'the command is over', ({ commands }) => commands[0]?.state === 'finished');
    expect(await isConnected()).toBe(true);
    expect(relay.stderr()).not.toMatch(/listener (?:gone|back|left)/);
  });

  test('exec --wait 0 after 48 s of a run: listener_busy, not no_listener', async () => {
    const { client } = await setUp();
    const result = await client.run(['exec', '--json', '--wait', '0', 'true']);
    expect(JSON.parse(result.text)).toMatchObject({ error: { code: 'listener_busy' } });
  });

  test('exec --wait-listener 1s after 48 s of a run: the command is queued, and runs later', async () => {
    const { client, gate } = await setUp();
    const exec = client.start(['exec', '--wait-listener', '1s', 'echo ran']);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    await waitForState(client, 'the command is queued', (state) => state.queue_length === 1);
    const words = 'queued: the legacy listener has another command, which runs or waits for approval';
    await eventually('exec prints what it is waiting for', 10_000, () => exec.stderr().includes(words));
    await untilPassed('the time of --wait-listener is over', 2_000);
    await gate.open();
    expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 0 });
    expect(exec.stdout().toString()).toBe('ran\n');
  });
});
