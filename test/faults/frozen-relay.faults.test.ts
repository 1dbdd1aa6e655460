import { beforeAll, describe, expect, test } from 'vitest';
import type { CapturedProcess, Exit } from '../harness/captured-process.ts';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { type Gate, makeGate } from '../harness/gate.ts';
import { isLong } from '../harness/is-long.ts';
import { sendSignal } from '../harness/process-session.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { type Remote, type SessionState, startRemote, waitForState } from '../harness/remote.ts';
import { killOutright, waitForHeldRequest } from '../stopping/outright.ts';

// A relay that is suspended (SIGSTOP) for longer than the listener timeout must not count that time as silence of its listeners.

const frozenMs = 50_000;
/** The listener timeout, the grace after a closed socket, and a margin for a busy machine. */
const foundDeadMs = 60_000;

type Begun = { remote: Remote; exec: CapturedProcess; gate: Gate };

async function begin(relay: Relay): Promise<Begun> {
  const remote = await startRemote(relay);
  const gate = await makeGate(remote.configDir);
  const exec = remote.start(['exec', `echo begun; ${gate.wait}; echo over; exit 7`]);
  await eventually('the command runs', 15_000, () => exec.stdout().toString() === 'begun\n');
  await waitForHeldRequest(remote.listener);
  return { remote, exec, gate };
}

const linesOf = (relay: Relay, pattern: RegExp) =>
  relay
    .stderr()
    .split('\n')
    .filter((line) => line.includes(' audit: ') && pattern.test(line));

describe.skipIf(!isLong)('the relay is suspended for 50 s and continues', () => {
  let relay: Relay;
  let living: Begun;
  let killed: Begun;
  let idle: Remote;
  let waiting: Remote;
  let stateAtOnce: SessionState;
  let killedExit: Exit;

  beforeAll(async () => {
    relay = await startRelay({ flags: ['--audit-log'] });
    [living, killed] = [await begin(relay), await begin(relay)];
    idle = await startRemote(relay);
    // A session with a connected listener, a running command and a queued one.
    waiting = living.remote;
    expect((await waiting.run(['exec', '-d', '--wait', '5m', 'echo queued'])).text).toBe('c2\n');
    await killOutright(killed.remote.listener);
    sendSignal(relay.pid, 'SIGSTOP');
    await untilPassed('longer than the listener timeout', frozenMs);
    sendSignal(relay.pid, 'SIGCONT');
    stateAtOnce = await waitForState(living.remote, 'the relay answers', () => true);
    killedExit = await withDeadline(
      killed.exec.closed,
      foundDeadMs,
      'the killed listener is reported as lost',
    );
    await living.gate.open();
    return async () => {
      sendSignal(relay.pid, 'SIGCONT');
      for (const { remote, gate, exec } of [living, killed]) {
        exec.child.kill('SIGKILL');
        await gate.close();
        await remote.stop();
      }
      await idle.stop();
      await relay.stop();
    };
  }, 240_000);

  test('a command runs while the relay is suspended: afterwards it is running, and the next one is queued', () => {
    expect(stateAtOnce.listener?.attached).toBe(true);
    expect(stateAtOnce.commands.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'c1 running',
      'c2 queued',
    ]);
  });

  test('a command runs while the relay is suspended: its exit status and all of its output arrive', {
    timeout: 60_000,
  }, async () => {
    const { code } = await withDeadline(living.exec.closed, 45_000, 'exec ends');
    expect([code, living.exec.stdout().toString()]).toEqual([7, 'begun\nover\n']);
    const logs = await living.remote.run(['logs', '-f', 'c2'], { deadlineMs: 45_000 });
    expect([logs.exitCode, logs.text]).toEqual([0, 'queued\n']);
  });

  test('a listener is idle while the relay is suspended: it runs the next command', {
    timeout: 60_000,
  }, async () => {
    const run = await idle.run(['exec', '--wait', '40s', 'echo idle'], { deadlineMs: 50_000 });
    expect([run.exitCode, run.text]).toEqual([0, 'idle\n']);
  });

  test('a listener is killed before the relay is suspended: its command is lost, and it is not connected', async () => {
    expect([killedExit.code, killed.exec.stderr()]).toEqual([255, expect.stringContaining('is lost')]);
    const { listener } = await waitForState(killed.remote, 'the status', () => true);
    expect(listener?.attached).toBe(false);
  });

  test('the audit log has one lost command', () => {
    expect(linesOf(relay, /state=lost/), linesOf(relay, /ended/).join('\n')).toHaveLength(1);
  });

  test('the audit log has only the killed listener as gone, and no listener as back', () => {
    const told = linesOf(relay, /listener /).join('\n');
    expect(linesOf(relay, /listener gone from/), told).toHaveLength(1);
    expect(linesOf(relay, /listener back from/), told).toEqual([]);
  });
});
