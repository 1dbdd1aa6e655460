import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, untilPassed, withDeadline } from '../harness/deadline.ts';
import { startLastingRelay } from '../harness/lasting-relay.ts';
import { sendSignal } from '../harness/process-session.ts';
import { startRelay } from '../harness/relay-process.ts';
import { startRemote } from '../harness/remote.ts';

// Ctrl-C when the relay does not answer.

test('while the command is on its way: it does not run behind the back of whoever pressed it', async () => {
  const relay = await startRelay();
  onTestFinished(relay.stop);
  onTestFinished(() => sendSignal(relay.pid, 'SIGCONT'));
  const remote = await startRemote(relay);
  onTestFinished(remote.stop);
  const ghost = join(remote.configDir, 'ghost');
  sendSignal(relay.pid, 'SIGSTOP');
  const exec = remote.start(['exec', `sleep 20; touch '${ghost}'`]);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  // Long enough for it to have sent its request, which nobody reads.
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

test('during an outage: what was asked for is done when the relay is back', { timeout: 60_000 }, async () => {
  const relay = await startLastingRelay();
  const remote = await startRemote(relay);
  onTestFinished(remote.stop);
  const exec = remote.start(['exec', 'echo begun; sleep 30; echo to the end']);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  await eventually('it has begun', 15_000, () => exec.stdout().toString() === 'begun\n');
  await relay.kill();
  exec.child.kill('SIGINT');
  await eventually('exec says that it stops', 5_000, () => exec.stderr().includes('stopping command c1'));
  await untilPassed('the INT, the TERM behind it, and some', 5_000);
  await relay.start();
  // Of the INT or of the TERM behind it: both are waiting by then.
  const { code } = await withDeadline(exec.closed, 20_000, 'exec ends');
  expect([130, 143]).toContain(code);
  expect(exec.stdout().toString()).toBe('begun\n');
});

test('a reader of logs -f that has enough ends the reading, and not the command', async () => {
  const relay = await startRelay();
  onTestFinished(relay.stop);
  const remote = await startRemote(relay);
  onTestFinished(remote.stop);
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
