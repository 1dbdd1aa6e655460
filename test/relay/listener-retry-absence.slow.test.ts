import { expect, onTestFinished, test } from 'vitest';
import { absences, untilMissed } from '../harness/audit-lines.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { startFaultProxy } from '../harness/fault-proxy.ts';
import { makeGate } from '../harness/gate.ts';
import { startRemote } from '../harness/remote.ts';
import { startSpiedRelay } from '../harness/spied-relay.ts';
import { forTest } from '../harness/for-test.ts';

test('heartbeat cut, and its first retry fails too: the second retry arrives before the listener counts as gone', async () => {
  const proxy = await forTest(startFaultProxy());
  const relay = await startSpiedRelay({ flags: ['--audit-log', '--public-url', proxy.url] });
  proxy.aim(relay);
  const remote = await forTest(startRemote(proxy));
  const gate = await forTest(makeGate(remote.configDir));
  const exec = remote.start(['exec', `echo begun; ${gate.wait}; echo over`]);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  await eventually('the heartbeat is held', 15_000, () => proxy.held('control') > 0);
  let refused = 0;
  proxy.setRules({
    onRequest: ({ verb }) => {
      if (verb !== 'control' || refused > 0) return undefined;
      refused += 1;
      return { fault: 'reset' };
    },
  });
  proxy.cutHeld();
  await eventually('the first retry failed', 15_000, () => refused === 1);
  await eventually('the heartbeat is held again', 15_000, () => proxy.held('control') > 0);
  await untilMissed();
  expect(absences(relay)).toEqual([]);
  await gate.open();
  expect(await withDeadline(exec.closed, 15_000, 'exec ends')).toMatchObject({ code: 0 });
});
