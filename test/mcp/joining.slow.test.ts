import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { waitForState } from '../harness/remote.ts';
import { startMcpHost } from './mcp-host.ts';
import { startTracedHost } from './traced-host.ts';
import type { ReadAnswer } from './read-answer.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';
import { forEachTest } from '../harness/for-file.ts';

// Identical calls join the running command until an answer has reported its end.

const relay = useRelay();
const remote = useRemote(relay);

const host = forEachTest('the MCP host', () => startTracedHost(remote, relay));

test('a long command over several calls: each call joins it, the last one reports its end, and it ran once', async () => {
  const gate = join(host.folder, 'gate');
  const command = host.traced(`echo begun; until [ -e '${gate}' ]; do sleep 0.05; done; echo done; exit 4`);
  const calls: ReadAnswer[] = [];
  for (let call = 0; call < 3; call++) calls.push((await host.exec(command, { wait_seconds: 1 })).data);
  const [{ id } = { id: '' }] = calls;
  for (const data of calls) {
    expect(data).toMatchObject({ id, state: 'running', exit_status: null });
    expect(data.next).toContain('does not run it again');
  }
  expect(calls.at(-1)?.untrusted.stdout.head).toBe('begun\n');
  // The command ends while no call waits for it.
  await writeFile(gate, '');
  await waitForState(remote, 'the command ended', ({ commands }) =>
    commands.some((one) => one.id === id && one.state === 'finished'),
  );
  const { data: last } = await host.exec(command);
  expect(last).toMatchObject({ id, state: 'finished', exit_status: 4 });
  expect(last.untrusted.stdout.head).toBe('begun\ndone\n');
  expect(await host.countRuns()).toBe(1);
  // An answer has reported the end, so the same call is a new command.
  const { data: next } = await host.exec(command);
  expect(next.id).not.toBe(id);
  expect(await host.countRuns()).toBe(2);
});

test('four identical calls at once: one run; with another cwd, stdin or timeout: another command', async () => {
  const command = host.traced('sleep 0.5; echo one');
  const same = await Promise.all([1, 2, 3, 4].map(() => host.exec(command)));
  expect(new Set(same.map(({ data }) => data.id)).size).toBe(1);
  expect(await host.countRuns()).toBe(1);
  const others = await Promise.all([
    host.exec(command),
    host.exec(command, { cwd: host.folder }),
    host.exec(command, { stdin: 'x' }),
    host.exec(command, { timeout: 30 }),
  ]);
  expect(new Set(others.map(({ data }) => data.id)).size).toBe(4);
  expect(await host.countRuns()).toBe(5);
});

test('20 different calls at once: each gets its own output and exit status', async () => {
  const numbers = Array.from({ length: 20 }, (_, index) => index);
  const answers = await Promise.all(numbers.map((number) => host.exec(`echo "n${number}"; exit ${number}`)));
  expect(answers.map(({ data }) => data.untrusted.stdout.head)).toEqual(numbers.map((n) => `n${n}\n`));
  expect(answers.map(({ data }) => data.exit_status)).toEqual(numbers);
});

test('the host cancels a call: the command is stopped', async () => {
  const cancel = new AbortController();
  const command = host.traced('sleep 300');
  const call = host.exec(command, {}, { signal: cancel.signal });
  call.catch(() => {});
  await eventually('the command runs', 15_000, async () => (await host.countRuns()) === 1);
  cancel.abort();
  await expect(call).rejects.toThrow();
  const state = await waitForState(remote, 'the command is stopped', ({ cmd_in_flight: busy }) => !busy);
  expect(state.commands.at(-1)).toMatchObject({ state: 'finished', exit_status: 143 });
});

test('the host cancels one of two joined calls: the command continues for the other call', async () => {
  const cancel = new AbortController();
  const command = host.traced('sleep 1.5; echo end');
  const first = host.exec(command, {}, { signal: cancel.signal });
  first.catch(() => {});
  const second = host.exec(command);
  await eventually('the command runs', 15_000, async () => (await host.countRuns()) === 1);
  cancel.abort();
  expect((await second).data).toMatchObject({ state: 'finished', exit_status: 0 });
  expect(await host.countRuns()).toBe(1);
});

test('remote_cancel: a running command is stopped, a queued one never runs, and then nothing is left to cancel', async () => {
  const { data: running } = await host.exec('sleep 300', { wait_seconds: 1 });
  const { data: waiting } = await host.exec(host.traced('true'), { wait_seconds: 0 });
  expect([running.state, waiting.state]).toEqual(['running', 'queued']);
  const cancel = (input = {}) => host.call('remote_cancel', input);
  expect((await cancel({ id: waiting.id })).data).toMatchObject({
    outcome: 'It was cancelled',
    state: 'cancelled',
  });
  expect((await cancel()).data).toMatchObject({
    id: running.id,
    outcome: 'It was stopped',
    exit_status: 143,
  });
  expect((await cancel({ id: running.id })).data.outcome).toBe('It had already ended');
  expect((await cancel()).data).toMatchObject({ id: '', outcome: 'No command is running' });
  expect(await host.countRuns()).toBe(0);
});

test('the host closes the connection: queued commands are cancelled, and running ones continue', async () => {
  const gate = join(host.folder, 'gate');
  const own = await forTest(startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url }));
  const { data: running } = await own.exec(`until [ -e '${gate}' ]; do sleep 0.05; done`, {
    wait_seconds: 1,
  });
  const { data: waiting } = await own.exec(host.traced('true'), { wait_seconds: 0 });
  await own.close();
  const { commands } = await waitForState(remote, 'the queued command is cancelled', (state) =>
    state.commands.some(({ id, state: now }) => id === waiting.id && now === 'cancelled'),
  );
  expect(commands.find(({ id }) => id === running.id)?.state).toBe('running');
  await remote.run(['cancel', running.id]);
  expect(await host.countRuns()).toBe(0);
});
