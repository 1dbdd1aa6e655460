import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { hasFakeClock, makeFakeClock } from '../harness/fake-clock.ts';
import { makeGate } from '../harness/gate.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { readSession, startRemote } from '../harness/remote.ts';
import { openResource } from '../harness/resource.ts';
import { makeSession } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

// The system clock changes while a relay runs: timeouts, expiry and ages must follow elapsed time.

const minute = 60;
const hour = 60 * minute;
const jumps = [
  ['a minute ahead', minute],
  ['an hour back', -hour],
  ['a day ahead', 24 * hour],
] as const;

/** Difference in seconds between the relay's clock (Date of its answers) and the real time. */
async function readOffset(relay: { url: string }): Promise<number> {
  const { headers } = await fetch(`${relay.url}/api/health`);
  return (Date.parse(headers.get('date') ?? '') - Date.now()) / 1000;
}

async function jump(relay: { url: string }, set: (offset: number) => Promise<void>, offset: number) {
  await set(offset);
  await eventually('the clock of the relay has changed', 5_000, async () => {
    return Math.abs((await readOffset(relay)) - offset) < 5;
  });
}

async function setUp() {
  const clock = await makeFakeClock();
  const folder = await forTest(makeTemporaryFolder());
  const options = { store: `file:${folder.path}/store`, env: clock.env, flags: ['--audit-log'] };
  const relay = await forTest(startRelay(options));
  const busy = await forTest(startRemote(relay));
  const idle = await forTest(startRemote(relay));
  const gate = await forTest(makeGate(busy.configDir));
  const exec = busy.start(['exec', `echo begun; ${gate.wait}; echo over; exit 7`]);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  await eventually('the command runs', 15_000, () => exec.stdout().toString() === 'begun\n');
  // Queued after the running command, for at most five minutes.
  const queued = await busy.run(['exec', '-d', '--wait', '5m', 'echo queued']);
  expect(queued.text).toBe('c2\n');
  return { ...clock, relay, options, busy, idle, gate, exec };
}

type Status = {
  cmd_in_flight_seconds_ago: number | null;
  listener: { attached: boolean; seen_seconds_ago: number } | null;
};

async function readStatus({ configDir }: { configDir: string }): Promise<Status> {
  const { url, key } = await readSession(configDir);
  return (await (await fetch(`${url}/api/session/${key}/status`)).json()) as Status;
}

async function expectSane({ busy, idle }: Awaited<ReturnType<typeof setUp>>): Promise<void> {
  for (const remote of [busy, idle]) {
    const { listener } = await readStatus(remote);
    expect(listener?.attached).toBe(true);
    expect(listener?.seen_seconds_ago).toBeGreaterThanOrEqual(0);
    expect(listener?.seen_seconds_ago).toBeLessThanOrEqual(30);
  }
  const { cmd_in_flight_seconds_ago: age } = await readStatus(busy);
  expect(age).toBeGreaterThanOrEqual(0);
  expect(age).toBeLessThanOrEqual(60);
  const { commands } = await busy.runJson<{ commands: { id: string; state: string }[] }>('status');
  expect(commands.map(({ id, state }) => `${id} ${state}`)).toEqual(['c1 running', 'c2 queued']);
}

async function expectRuns({ busy, idle, gate, exec }: Awaited<ReturnType<typeof setUp>>): Promise<void> {
  await gate.open();
  expect(await withDeadline(exec.closed, 30_000, 'exec ends')).toMatchObject({ code: 7 });
  expect(exec.stdout().toString()).toBe('begun\nover\n');
  const logs = await busy.run(['logs', '-f', 'c2']);
  expect([logs.exitCode, logs.text]).toEqual([0, 'queued\n']);
  const { text } = await idle.run(['exec', '--json', 'echo idle']);
  const report = JSON.parse(text) as { duration_ms: number; stdout: string };
  expect(report.stdout).toBe('idle\n');
  expect(report.duration_ms).toBeGreaterThanOrEqual(0);
  expect(report.duration_ms).toBeLessThan(30_000);
}

/** Kills the relay and starts it again with its clock `offset` seconds from the real time. */
async function restart(world: Awaited<ReturnType<typeof setUp>>, offset: number): Promise<Relay> {
  await world.relay.kill('SIGKILL');
  await world.set(offset);
  const relay = await forTest(startRelay({ ...world.options, port: world.relay.port }));
  return relay;
}

const goneOf = (relay: Relay) => relay.stderr().match(/listener (gone|back)|state=(lost|expired)/g) ?? [];

describe.skipIf(!hasFakeClock)('with libfaketime', () => {
  test.each(jumps)(
    'the clock of the relay is set %s: the time in the status and the times of commands use the same clock',
    async (_title, offset) => {
      const clock = await makeFakeClock();
      const relay = await forTest(startRelay({ store: 'memory:', env: clock.env }));
      const { ask } = openResource(relay.url, await makeSession(relay));
      const readNow = async () => (await ask('GET', '/status')).json<{ now: number }>().now;
      await jump(relay, clock.set, offset);
      const before = await readNow();
      const { pushed_at: pushedAt } = (await ask('POST', '/commands', 'true')).json<{ pushed_at: number }>();
      expect(pushedAt).toBeGreaterThanOrEqual(before);
      expect(pushedAt).toBeLessThanOrEqual(await readNow());
    },
  );

  test.each(jumps)(
    'the clock of the relay is set %s: nothing is lost or expires',
    { timeout: 90_000 },
    async (_title, offset) => {
      const world = await setUp();
      await jump(world.relay, world.set, offset);
      await untilPassed('heartbeats and deadlines had their turn', 4_000);
      await expectSane(world);
      await jump(world.relay, world.set, 0);
      await untilPassed('heartbeats after the clock was set back', 2_000);
      await expectSane(world);
      await expectRuns(world);
      expect(goneOf(world.relay)).toEqual([]);
    },
  );

  test.each(jumps)(
    'the relay is killed and restarted with its clock %s: no command is lost',
    { timeout: 90_000 },
    async (_title, offset) => {
      const world = await setUp();
      const relay = await restart(world, offset);
      expect(Math.abs((await readOffset(relay)) - offset)).toBeLessThan(5);
      await eventually('both listeners are attached again', 40_000, async () => {
        const both = await Promise.all([readStatus(world.busy), readStatus(world.idle)]);
        return both.every(({ listener }) => listener?.attached === true);
      });
      await untilPassed('heartbeats and deadlines had their turn', 4_000);
      await world.gate.open();
      expect(await withDeadline(world.exec.closed, 30_000, 'exec ends')).toMatchObject({ code: 7 });
      expect(world.exec.stdout().toString()).toBe('begun\nover\n');
      const idle = await world.idle.run(['exec', 'echo idle']);
      expect([idle.exitCode, idle.text]).toEqual([0, 'idle\n']);
    },
  );

  test.each(jumps)(
    'the relay is killed and restarted with its clock %s: the audit log has no lost command and no listener gone or back',
    { timeout: 60_000 },
    async (_title, offset) => {
      const world = await setUp();
      const relay = await restart(world, offset);
      await world.gate.open();
      expect(await withDeadline(world.exec.closed, 30_000, 'exec ends')).toMatchObject({ code: 7 });
      expect((await world.idle.run(['exec', 'true'])).exitCode).toBe(0);
      // A day ahead, the command queued for five minutes has expired, as after a day without a relay.
      expect(goneOf(relay).filter((what) => what !== 'state=expired')).toEqual([]);
    },
  );
});
