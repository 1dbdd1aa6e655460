import { beforeAll, describe, expect, test } from 'vitest';
import type { CapturedProcess, Exit } from '../harness/captured-process.ts';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { type Gate, makeGate } from '../harness/gate.ts';
import { isLong } from '../harness/is-long.ts';
import { sendSignal } from '../harness/process-session.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { type Remote, type SessionState, startRemote, waitForState } from '../harness/remote.ts';
import { killOutright, waitForHeldRequest } from '../stopping/outright.ts';

// A relay that was stopped for longer than a listener may be silent does not count that time as silence.

const frozenMs = 50_000;
/** Silence, the grace of a closed socket, and what a busy machine adds. */
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

describe.skipIf(!isLong)('the relay is stopped for 50 s and goes on', () => {
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
    // A session whose listener is there and whose queue has a command behind one that runs.
    waiting = living.remote;
    expect((await waiting.run(['exec', '-d', '--wait', '5m', 'echo queued'])).text).toBe('c2\n');
    await killOutright(killed.remote.listener);
    sendSignal(relay.pid, 'SIGSTOP');
    await untilPassed('longer than the silence of a dead listener', frozenMs);
    sendSignal(relay.pid, 'SIGCONT');
    stateAtOnce = await waitForState(living.remote, 'the relay answers', () => true);
    killedExit = await withDeadline(killed.exec.closed, foundDeadMs, 'the killed listener is found dead');
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

  test('a command that ran meanwhile is running at once, and what was queued behind it is queued', () => {
    expect(stateAtOnce.listener?.attached).toBe(true);
    expect(stateAtOnce.commands.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'c1 running',
      'c2 queued',
    ]);
  });

  test('a command that ran meanwhile ends with its own exit status and all of its output', {
    timeout: 60_000,
  }, async () => {
    const { code } = await withDeadline(living.exec.closed, 45_000, 'exec ends');
    expect([code, living.exec.stdout().toString()]).toEqual([7, 'begun\nover\n']);
    const logs = await living.remote.run(['logs', '-f', 'c2'], { deadlineMs: 45_000 });
    expect([logs.exitCode, logs.text]).toEqual([0, 'queued\n']);
  });

  test('a listener that waited meanwhile serves the next command', { timeout: 60_000 }, async () => {
    const run = await idle.run(['exec', '--wait', '40s', 'echo idle'], { deadlineMs: 50_000 });
    expect([run.exitCode, run.text]).toEqual([0, 'idle\n']);
  });

  test('a listener that was killed just before is found dead, and its command is lost', async () => {
    expect([killedExit.code, killed.exec.stderr()]).toEqual([255, expect.stringContaining('is lost')]);
    const { listener } = await waitForState(killed.remote, 'the status', () => true);
    expect(listener?.attached).toBe(false);
  });

  test('the audit log tells of one command that is lost', () => {
    expect(linesOf(relay, /state=lost/), linesOf(relay, /ended/).join('\n')).toHaveLength(1);
  });

  test('the audit log tells of the killed listener as gone, and of no other as gone or back', () => {
    const told = linesOf(relay, /listener /).join('\n');
    expect(linesOf(relay, /listener gone from/), told).toHaveLength(1);
    expect(linesOf(relay, /listener back from/), told).toEqual([]);
  });
});
