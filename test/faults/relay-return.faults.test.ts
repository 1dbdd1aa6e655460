import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { eventually, untilPassed } from '../harness/deadline.ts';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { startFaultProxy } from '../harness/fault-proxy.ts';
import { isLong } from '../harness/is-long.ts';
import { type SessionState, waitForState } from '../harness/remote.ts';
import { hasPrinted, makeLedger, openGate, waitForEnd, startFor, startRemoteFor } from './rig.ts';
import { forTest } from '../harness/for-test.ts';

const timeout = 90_000;

test('the pid file of a killed relay has the id of another process: a new relay starts on the folder', {
  timeout,
}, async () => {
  const relay = await startLastingRelay();
  await relay.kill();
  // After a reboot any process may have the id in relay.pid: here this test.
  await writeFile(relay.pidFile, `${process.pid} 1\n`);
  await relay.start();
});

test.runIf(isLong)(
  'a listener was cut off before the relay was killed: after the restart it has time to reconnect',
  { timeout },
  async () => {
    const proxy = await forTest(startFaultProxy());
    const relay = await startLastingRelay(['--public-url', proxy.url]);
    proxy.aim(relay);
    const remote = await startRemoteFor(relay);
    const ledger = await makeLedger();
    const gate = await openGate(ledger);
    const exec = startFor(remote, ['exec', `echo begun; ${gate.wait}; echo over`]);
    await hasPrinted(exec, 'begun\n');
    await eventually('the heartbeat is held', 20_000, () => proxy.held('control') > 0);
    // From here on no request of the listener arrives, and the relay saw its connection close.
    proxy.setRules({ onRequest: () => ({ fault: 'reset' }) });
    proxy.cutHeld();
    await eventually('the listener tried again', 20_000, () => (proxy.counts['reset'] ?? 0) > 0);
    await relay.kill();
    await untilPassed('longer than the grace of a listener', 11_000);
    await relay.start();
    const state = await remote.runJson<SessionState>('status');
    expect(state.commands[0]?.state).toBe('running');
    proxy.setRules({});
    await gate.open();
    const { code, text } = await waitForEnd(exec, 'exec ends after the restart');
    expect([code, text]).toEqual([0, 'begun\nover\n']);
  },
);

test.runIf(isLong)(
  'the relay is down for a minute while a result is waiting: the result arrives',
  { timeout: 180_000 },
  async () => {
    const relay = await startLastingRelay();
    const remote = await startRemoteFor(relay);
    const ledger = await makeLedger();
    const gate = await openGate(ledger);
    const script = `${gate.wait}; echo over; echo ran >>'${ledger.path}'; exit 9`;
    const { text: id } = await remote.run(['exec', '-d', script]);
    const isRunning = ({ commands: [first] }: SessionState) => first?.state === 'running';
    await waitForState(remote, 'the command runs', isRunning);
    await relay.kill();
    await gate.open();
    await eventually('the command ended', 20_000, async () => (await ledger.lines()).length === 1);
    await untilPassed('a minute', 60_000);
    await relay.start();
    // The listener retries after 30 s at most.
    await waitForState(
      remote,
      'the result is there',
      ({ commands: [first] }) => first?.state === 'finished',
      45_000,
    );
    const { text, exitCode } = await remote.run(['logs', '-f', id.trim()]);
    expect([exitCode, text]).toEqual([9, 'over\n']);
    expect((await remote.run(['exec', 'echo next'])).text).toBe('next\n');
    expect(await ledger.lines()).toEqual(['ran']);
  },
);
