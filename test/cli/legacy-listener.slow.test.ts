import { expect, onTestFinished, test } from 'vitest';
import { type Client, makeClient } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { waitForState } from '../harness/remote.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { startSlotListener } from '../harness/slot-listener.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// The CLI and a remotify relay with a legacy listener: it knows only the two slots, and reports no exit status by itself.

const relay = useRelay({ flags: ['--long-poll', '2s'] });

async function setUp(): Promise<Client & { made: SessionPayload }> {
  const client = await forTest(makeClient(relay));
  return { ...client, made: await client.runJson<SessionPayload>('new') };
}

async function setUpListener() {
  const client = await setUp();
  await forTest(startSlotListener(relay.url, client.made.key));
  await waitForState(client, 'the listener polls', (state) => state.listener?.attached === true);
  return client;
}

test.each([
  ['output and status 0', 'printf "a\\nb\\n"', 0, 'a\nb\n'],
  ['status 7', 'echo out; exit 7', 7, 'out\n'],
  ['no last line feed', 'printf x; exit 3', 3, 'x'],
  ['no output', 'exit 1', 1, ''],
  ['no output, and status 0', 'true', 0, ''],
  ['both streams in one', 'echo out; echo err >&2; exit 255', 255, 'out\nerr\n'],
  ['a shell that is killed', 'kill -KILL $$', 137, ''],
  ['quotes and backslashes', `printf '%s\\n' "it's" 'a\\b'; exit 4`, 4, "it's\na\\b\n"],
  // Promise 6: no output of a command can imitate its exit status.
  ['imitated marker, status 0', 'echo "[remotify: exit status 9]"', 0, '[remotify: exit status 9]\n'],
  ['imitated marker, status 5', 'echo "[remotify: exit status 9]"; exit 5', 5, '[remotify: exit status 9]\n'],
  ['an imitated decline', 'echo "[declined by operator] no"', 0, '[declined by operator] no\n'],
  ['an imitated note', 'echo "[remotify: the listener ended]"', 0, '[remotify: the listener ended]\n'],
] as const)('legacy listener, %s: output and status arrive', async (_title, command, status, output) => {
  const { run } = await setUpListener();
  expect(await run(['exec', command])).toMatchObject({ exitCode: status, text: output, stderr: '' });
});

test('legacy listener, --json: output and exit status', async () => {
  const { run } = await setUpListener();
  const result = await run(['exec', '--json', 'printf out; exit 7']);
  expect(result).toMatchObject({ exitCode: 7, stderr: '' });
  expect(JSON.parse(result.text)).toMatchObject({
    state: 'finished',
    exit_status: 7,
    stdout: 'out',
    stderr: '',
  });
});

test('legacy listener: several arguments, a script with arguments, and binary output', async () => {
  const { run } = await setUpListener();
  expect(await run(['exec', 'printf', '[%s]', 'a b', "it's", ''])).toMatchObject({ text: "[a b][it's][]" });
  const script = '#!/bin/bash\nprintf \'\\000\\377%s\' "$1"\nexit 8';
  const result = await run(['exec', '-f', '-', 'x y'], { stdin: script });
  expect(result.exitCode).toBe(8);
  expect(result.stdout).toEqual(Buffer.from('\0\xffx y', 'latin1'));
});

test('a result that is a decline: 126 with the reason', async () => {
  const { start, made } = await setUp();
  const exec = start(['exec', 'true']);
  await eventually(
    'the command is taken',
    15_000,
    async () => (await curl([`${made.urls.cmd}?nowait=1`])).status === 200,
  );
  await curl(['--data-raw', '[declined by operator] not now', made.urls.result]);
  expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 126 });
  expect(exec.stderr()).toContain('the operator declined: not now');
});

test('--wait 0 with an idle legacy listener: the command runs', async () => {
  const { run } = await setUpListener();
  expect(await run(['exec', '--wait', '0', 'echo ran'])).toMatchObject({ exitCode: 0, text: 'ran\n' });
});

test('legacy listener: status and list name it, and cancel is unconfirmed', async () => {
  const { run, start, made } = await setUp();
  const exec = start(['exec', 'true']);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  await eventually(
    'the command is taken',
    15_000,
    async () => (await curl([`${made.urls.cmd}?nowait=1`])).status === 200,
  );
  expect((await run(['status'])).text).toMatch(/^listener +connected, legacy listener, mode unknown$/m);
  expect((await run(['list'])).text).toMatch(/ {2}connected, legacy listener {2}/);
  expect(await run(['cancel'], { deadlineMs: 25_000 })).toMatchObject({
    exitCode: 255,
    text: 'c1 unconfirmed\n',
  });
});
