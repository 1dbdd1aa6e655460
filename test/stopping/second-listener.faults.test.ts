import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { startListener } from '../harness/listener.ts';
import { sendSignal } from '../harness/process-session.ts';
import { startRemote, waitForState } from '../harness/remote.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { listening } from '../harness/prompts.ts';

// A line that is pasted while another listener is connected, or was a moment ago.

const relay = useRelay();

const host = hostname().replaceAll(/[^A-Za-z0-9._-]/g, '_');
const waits = `remotify: another listener (${host}) is still connected; waiting up to 60 s for it to leave\n`;

async function setUp() {
  const remote = await forTest(startRemote(relay));
  const startSecond = async () => {
    const second = await forTest(startListener(`set -o pipefail; ${remote.line}`));
    return second;
  };
  return { ...remote, startSecond };
}

test('the first listener is alive: the second waits and names its host, and the first still serves', async () => {
  const { listener, startSecond, run } = await setUp();
  const second = await startSecond();
  await eventually('the second waits', 15_000, () => second.output().includes(waits));
  expect(await run(['exec', 'echo still'])).toMatchObject({ exitCode: 0, text: 'still\n' });
  expect(listener.output()).toContain('>>> echo still');
  expect(second.output()).not.toContain('listening');
});

test.skipIf(!isLong)(
  'the first listener stays: the second exits with 1 after a minute, and leaves no file',
  {
    timeout: 150_000,
  },
  async () => {
    const { startSecond } = await setUp();
    const second = await startSecond();
    expect(await withDeadline(second.exited, 120_000, 'the second ends')).toMatchObject({ code: 1 });
    const end = `another listener (${host}) is already connected; stop it first, or create a new session`;
    expect(second.output()).toBe(`${waits}remotify: error: ${end}\n`);
    await eventually('its folder is gone', 10_000, async () => {
      return (await readdir(second.temporaryFolder)).length === 0;
    });
  },
);

test('all processes of the first listener are killed at once: the line is pasted again, waits, and takes over', {
  timeout: 120_000,
}, async () => {
  const { listener, run, startSecond } = await setUp();
  // Stop all of them first, so that the watchdog cannot react to the end of the listener, or the listener to its.
  for (const { pid } of await listener.processes()) sendSignal(pid, 'SIGSTOP');
  for (const { pid } of await listener.processes()) sendSignal(pid, 'SIGKILL');
  const second = await startSecond();
  await eventually('the second is accepted', 90_000, () => second.output().includes(listening));
  expect(second.output().split(waits)).toHaveLength(2);
  expect(await run(['exec', 'echo second'])).toMatchObject({ exitCode: 0, text: 'second\n' });
});

test('the first listener announced its end: the second is accepted at once', async () => {
  const { listener, run, startSecond, ...remote } = await setUp();
  await listener.stop();
  await waitForState(
    { run, ...remote },
    'the first has left',
    (state) => state.listener?.attached === false,
    60_000,
  );
  const second = await startSecond();
  expect(await run(['exec', 'echo second'])).toMatchObject({ exitCode: 0, text: 'second\n' });
  expect(second.output()).toContain('>>> echo second\n');
  expect(second.output()).not.toContain('waiting');
  expect(listener.output()).not.toContain('>>>');
});
