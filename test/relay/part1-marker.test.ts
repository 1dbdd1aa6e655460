import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { asAuto, type Listener, startListener } from '../harness/listener.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { makeSession, type SlotSession } from '../harness/slot-session.ts';

// A runner reports exit statuses; a client that reads the result slot finds them in the text.

let relay: Relay;
let session: SlotSession;
let listener: Listener;

beforeAll(async () => {
  relay = await startRelay({ flags: ['--long-poll', '1s'] });
  session = await makeSession(relay);
  listener = await startListener(asAuto(session.remote_quickstart));
});

afterAll(async () => {
  await listener?.stop();
  await relay?.stop();
});

async function run(command: string): Promise<Buffer> {
  expect((await session.push(command)).status).toBe(201);
  return eventually(
    `the result of: ${command}; the listener says: ${listener.output()}`,
    20_000,
    async () => {
      const read = await session.read();
      expect([200, 204]).toContain(read.status);
      return read.status === 200 && read.body;
    },
  );
}

test.each([
  ['a failure', 'echo out; exit 7', 'out\n[remotify: exit status 7]\n'],
  ['a success', 'echo out; exit 0', 'out\n'],
  ['a failure without a last line feed', 'printf x; exit 3', 'x\n[remotify: exit status 3]\n'],
  ['a success without a last line feed', 'printf x', 'x'],
  ['a success without output', 'true', ''],
  ['a failure without output', 'exit 1', '[remotify: exit status 1]\n'],
  ['the highest status', 'exit 255', '[remotify: exit status 255]\n'],
  ['a command that does not exist', 'exec 2>/dev/null; no-such-command', '[remotify: exit status 127]\n'],
  ['the status of the last command', 'false; echo out', 'out\n'],
  ['several lines', 'echo one\necho two >&2\n(exit 5)\n', 'one\ntwo\n[remotify: exit status 5]\n'],
  ['output that imitates a marker', 'echo "[remotify: exit status 9]"', '[remotify: exit status 9]\n'],
])('text in the result slot, %s: %j', async (_title, command, result) => {
  expect((await run(command)).toString('latin1')).toBe(result);
});

test('command that prints bytes that are not text: the result has the same bytes', async () => {
  expect(await run('printf "\\000\\377\\r\\n\\n"')).toEqual(Buffer.from([0x00, 0xff, 0x0d, 0x0a, 0x0a]));
});

test('three commands one after the other: each result belongs to its command', async () => {
  for (const round of [1, 2, 3]) {
    expect((await run(`echo ${round}; exit ${round}`)).toString()).toBe(
      `${round}\n[remotify: exit status ${round}]\n`,
    );
  }
  expect(await session.status()).toMatchObject({
    cmd_queued: false,
    result_queued: false,
    cmd_in_flight: false,
  });
});

test('status while a runner is connected: it shows the listener and its command in flight', async () => {
  await eventually(`the listener is seen: ${listener.output()}`, 15_000, async () => {
    return (await session.status()).listener_seen_seconds_ago !== null;
  });
  const running = run('sleep 2; echo slept');
  await eventually('the command is in flight', 15_000, async () => (await session.status()).cmd_in_flight);
  expect(listener.isRunning()).toBe(true);
  expect((await running).toString()).toBe('slept\n');
});

test('command of a runner: it has the environment variables of the original remotify.run listener', async () => {
  const names = ['DEBIAN_FRONTEND', 'CI', 'TERM', 'PAGER', 'SYSTEMD_PAGER', 'GIT_TERMINAL_PROMPT'];
  const result = await run(names.map((name) => `echo "$${name}"`).join('\n'));
  expect(result.toString()).toBe('noninteractive\ntrue\ndumb\ncat\ncat\n0\n');
});
