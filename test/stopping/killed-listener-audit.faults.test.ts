import { expect, onTestFinished, test } from 'vitest';
import { listenerWords, timeOfLine } from '../harness/audit-lines.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { startListener } from '../harness/listener.ts';
import { startRemote, waitForState } from '../harness/remote.ts';
import { startSpiedRelay } from '../harness/spied-relay.ts';
import { killOutright, waitForHeldRequest } from './outright.ts';
import { forTest } from '../harness/for-test.ts';

// All processes of a listener are killed, so that none of them announces its end: the audit log has `gone` once.

const startAudited = () => startSpiedRelay({ flags: ['--audit-log'] });

test('all processes of an idle listener are killed: the audit log has `gone` once, near the kill; a new listener takes over', {
  timeout: 60_000,
}, async () => {
  const relay = await startAudited();
  const remote = await forTest(startRemote(relay));
  expect((await remote.run(['exec', 'true'])).exitCode).toBe(0);
  await waitForHeldRequest(remote.listener);
  const killedAt = Date.now();
  await killOutright(remote.listener);
  await relay.findLine('audit', /listener gone/);
  const told = timeOfLine(relay, /listener gone/);
  // Two seconds in which the listener may come back, plus delays of a busy machine.
  expect(told - killedAt).toBeLessThan(6_000);
  expect(told - killedAt).toBeGreaterThan(-100);
  // The relay reserves the listener's place until its time to come back is over.
  await waitForState(remote, 'the place is free', ({ listener }) => listener?.attached === false, 20_000);
  await forTest(startListener(remote.line));
  const run = await remote.run(['exec', '--wait', '20s', 'echo again']);
  expect([run.exitCode, run.text]).toEqual([0, 'again\n']);
  expect(listenerWords(relay)).toEqual(['attached', 'gone', 'taken over']);
});

test('a listener is killed in the middle of a command: the audit log has `gone` once, and the command as lost once', {
  timeout: 60_000,
}, async () => {
  const relay = await startAudited();
  const remote = await forTest(startRemote(relay));
  const exec = remote.start(['exec', 'echo begun; sleep 300; :']);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  await eventually('the command has begun', 15_000, () => exec.stdout().toString() === 'begun\n');
  await waitForHeldRequest(remote.listener);
  await killOutright(remote.listener);
  expect(await withDeadline(exec.closed, 30_000, 'exec ends')).toMatchObject({ code: 255 });
  expect(listenerWords(relay)).toEqual(['attached', 'gone']);
  expect(relay.lines('audit').filter((line) => /command c1 ended .*state=lost/.test(line))).toHaveLength(1);
});
