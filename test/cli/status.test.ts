import { hostname, userInfo } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { type Client, makeClient } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { makeGate } from '../harness/gate.ts';
import { sendSignal } from '../harness/process-session.ts';
import { type SessionState, startRemote, startSupervised, waitForState } from '../harness/remote.ts';
import { hasTmux } from '../harness/tmux.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { question } from '../harness/prompts.ts';

// `remotify status` in every state of a session, as JSON and as text.

const relay = useRelay();

const read = (client: Client) => client.runJson<SessionState>('status');
const say = async (client: Client) => (await client.run(['status'])).text;

test('status without a listener', async () => {
  const client = await forTest(makeClient(relay));
  await client.makeSession('--name', 'prod');
  expect(await read(client)).toEqual({
    relay: relay.url,
    session: 'prod',
    ttl_seconds: 10_800,
    cmd_queued: false,
    result_queued: false,
    cmd_in_flight: false,
    cmd_in_flight_seconds_ago: null,
    listener_seen_seconds_ago: null,
    listener: null,
    now: expect.any(Number),
    queue_length: 0,
    current: null,
    revision: expect.any(Number),
    commands: [],
  });
  expect(await say(client)).toBe(
    [
      `relay     ${relay.url}`,
      'session   prod',
      'listener  none yet: paste the line on the remote',
      'expires   3 h after the last request; not while connected or running',
      'running   nothing',
      'queue     empty\n',
    ].join('\n'),
  );
});

test('status with queued commands: their number, and one row each', async () => {
  const client = await forTest(makeClient(relay));
  await client.makeSession();
  for (const text of ['true', 'false']) await client.run(['exec', '-d', text]);
  expect(await read(client)).toMatchObject({
    cmd_queued: true,
    cmd_in_flight: false,
    queue_length: 2,
    current: null,
    commands: [
      { id: 'c1', state: 'queued', position: 0, exit_status: null, started_at: null },
      { id: 'c2', state: 'queued', position: 1, exit_status: null, started_at: null },
    ],
  });
  expect(await say(client)).toMatch(
    /^queue +2 waiting\n  c1 +\d+ s ago +\S+@\S+ +true\n  c2 +\d+ s ago +\S+@\S+ +false$/m,
  );
});

test('status with a listener that is idle, runs a command, has finished it, and disconnects', async () => {
  const remote = await forTest(startRemote(relay));
  const gate = await forTest(makeGate(remote.configDir));
  const listener = { host: hostname(), user: userInfo().username, mode: 'auto', kind: 'runner' };
  expect(await read(remote)).toMatchObject({
    cmd_in_flight: false,
    current: null,
    listener: { ...listener, attached: true },
  });
  expect(await say(remote)).toMatch(/^listener +connected, \S+@\S+, auto: runs commands without asking$/m);

  await remote.run(['exec', '-d', `${gate.wait}; printf out; exit 3`]);
  await waitForState(remote, 'the command runs', ({ commands }) => commands[0]?.state === 'running');
  expect(await read(remote)).toMatchObject({
    cmd_queued: false,
    cmd_in_flight: true,
    cmd_in_flight_seconds_ago: expect.any(Number),
    current: 'c1',
    commands: [{ id: 'c1', state: 'running', listener: hostname(), exit_status: null, ended_at: null }],
  });
  expect(await say(remote)).toMatch(/^running +c1 for \d+ s, from \S+@\S+: .+; printf out; exit 3$/m);

  await gate.open();
  await waitForState(remote, 'the command is finished', ({ commands }) => commands[0]?.state === 'finished');
  expect(await read(remote)).toMatchObject({
    cmd_in_flight: false,
    current: null,
    commands: [{ id: 'c1', state: 'finished', exit_status: 3, stdout_bytes: 3, stderr_bytes: 0 }],
  });
  expect(await say(remote)).toMatch(/^running +nothing$/m);
  expect(await say(remote)).toMatch(
    /^c1 +finished +exit status 3 +\d+(\.\d)? m?s +\d+ s ago +\S+@\S+ +.+; printf out; exit 3$/m,
  );
  expect(await remote.runJson('status', 'c1')).toMatchObject({ id: 'c1', state: 'finished', exit_status: 3 });

  await remote.listener.stop();
  await waitForState(remote, 'the listener is gone', (state) => state.listener?.attached === false);
  expect(await read(remote)).toMatchObject({ listener: { ...listener, attached: false } });
  expect(await say(remote)).toMatch(/^listener +disconnected, last seen \d+ s ago, \S+@\S+, auto$/m);
});

test('the listener is killed while a command runs: the command is lost, and exec exits 255', async () => {
  const remote = await forTest(startRemote(relay));
  const exec = remote.start(['exec', 'echo begun; sleep 300']);
  await eventually('the command runs', 15_000, () => exec.stdout().toString() === 'begun\n');
  sendSignal(await remote.listener.findRunner(), 'SIGKILL');
  expect(await withDeadline(exec.closed, 20_000, 'exec ends')).toMatchObject({ code: 255 });
  expect(exec.stderr()).toMatch(
    /^remotify: error: command c1 is lost: its outcome is unknown.*\nremotify: hint: .+$/m,
  );
  expect(await read(remote)).toMatchObject({
    cmd_in_flight: false,
    listener: { attached: false },
    commands: [{ id: 'c1', state: 'lost', exit_status: null }],
  });
});

test.skipIf(!hasTmux)('status of a command that waits for approval', async () => {
  const remote = await forTest(startSupervised(relay));
  await remote.run(['exec', '-d', 'echo ran']);
  await remote.terminal.waitForText(question, 15_000);
  expect(await read(remote)).toMatchObject({
    cmd_queued: false,
    cmd_in_flight: true,
    current: 'c1',
    listener: { mode: 'supervised', attached: true },
    commands: [{ id: 'c1', state: 'awaiting_approval', started_at: null }],
  });
  expect(await say(remote)).toMatch(/^running +c1 waiting for approval for \d+ s, from \S+@\S+: echo ran$/m);
  await remote.terminal.type('n\n');
  await waitForState(remote, 'the command is declined', ({ commands }) => commands[0]?.state === 'declined');
});

test('status --watch: prints each change until Ctrl-C', async () => {
  const client = await forTest(makeClient(relay));
  await client.makeSession();
  const watch = client.start(['status', '--watch']);
  onTestFinished(() => void watch.child.kill('SIGKILL'));
  await eventually('the first view', 15_000, () => /^queue +empty$/m.test(watch.stdout().toString()));
  await client.run(['exec', '-d', 'true']);
  await eventually('the change', 15_000, () => /^queue +1 waiting\n  c1 /m.test(watch.stdout().toString()));
  watch.child.kill('SIGINT');
  expect(await withDeadline(watch.closed, 10_000, 'status --watch ends')).toEqual({ code: 0, signal: null });
});
