import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { sendSignal } from '../harness/process-session.ts';
import { startRelay } from '../harness/relay-process.ts';
import { startRemote } from '../harness/remote.ts';
import { forTest } from '../harness/for-test.ts';

// Ctrl-C while the relay does not answer.

test('Ctrl-C during the push: exec exits 130 and the command does not run', async () => {
  const relay = await forTest(startRelay());
  onTestFinished(() => sendSignal(relay.pid, 'SIGCONT'));
  const remote = await forTest(startRemote(relay));
  const ghost = join(remote.configDir, 'ghost');
  sendSignal(relay.pid, 'SIGSTOP');
  const exec = remote.start(['exec', `sleep 20; touch '${ghost}'`]);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  // Long enough for exec to send its request, which the stopped relay does not read.
  await untilPassed('the start of exec', 1_500);
  exec.child.kill('SIGINT');
  sendSignal(relay.pid, 'SIGCONT');
  expect(await withDeadline(exec.closed, 20_000, 'exec ends')).toMatchObject({ code: 130 });
  expect((await remote.run(['exec', 'echo next'])).text).toBe('next\n');
  const isThere = await access(ghost).then(
    () => true,
    () => false,
  );
  expect(isThere).toBe(false);
});

test('Ctrl-C while the relay is down: the command stops once it is back', { timeout: 60_000 }, async () => {
  const relay = await startLastingRelay();
  const remote = await forTest(startRemote(relay));
  const exec = remote.start(['exec', 'echo begun; sleep 30; echo to the end']);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  await eventually('the command has begun', 15_000, () => exec.stdout().toString() === 'begun\n');
  await relay.kill();
  exec.child.kill('SIGINT');
  await eventually('exec stops the command', 5_000, () => exec.stderr().includes('stopping command c1'));
  await untilPassed('time for the INT, for the TERM after it, and a margin', 5_000);
  await relay.start();
  // The status of INT or of TERM: both are pending by then.
  const { code } = await withDeadline(exec.closed, 20_000, 'exec ends');
  expect([130, 143]).toContain(code);
  expect(exec.stdout().toString()).toBe('begun\n');
});

test('the reader of logs -f closes stdout: logs ends, the command continues', async () => {
  const relay = await forTest(startRelay());
  const remote = await forTest(startRemote(relay));
  const { text: id } = await remote.run(['exec', '-d', 'for i in $(seq 300); do echo $i; sleep 0.1; done']);
  const logs = remote.start(['logs', '-f', id.trim()]);
  onTestFinished(() => void logs.child.kill('SIGKILL'));
  await eventually('the first line', 15_000, () => logs.stdout().includes('1\n'));
  logs.child.stdout?.destroy();
  expect(await withDeadline(logs.exited, 10_000, 'logs ends')).toMatchObject({ code: 141 });
  const state = await remote.runJson<{ state: string }>('status', id.trim());
  expect(state.state).toBe('running');
  await remote.run(['cancel']);
});
