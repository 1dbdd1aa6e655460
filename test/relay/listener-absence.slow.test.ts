import { expect, onTestFinished, test } from 'vitest';
import { absences, listenerWords, untilMissed } from '../harness/audit-lines.ts';
import { startCurl } from '../harness/curl.ts';
import { eventually, untilPassed } from '../harness/deadline.ts';
import { startFaultProxy } from '../harness/fault-proxy.ts';
import { startListener } from '../harness/listener.ts';
import { sendSignal } from '../harness/process-session.ts';
import { introduce, openResource } from '../harness/resource.ts';
import { startRemote } from '../harness/remote.ts';
import { makeSession } from '../harness/slot-session.ts';
import { startSpiedRelay } from '../harness/spied-relay.ts';
import { findRunner } from '../stopping/outright.ts';
import { forTest } from '../harness/for-test.ts';

// The audit log reports a listener that is gone, but not the short gap between two requests of a listener.

const startAudited = (...flags: string[]) => startSpiedRelay({ flags: ['--audit-log', ...flags] });

test('three commands of more than a second, one after the other: the audit log reports no absence', {
  timeout: 60_000,
}, async () => {
  const relay = await startAudited();
  const remote = await forTest(startRemote(relay));
  // Each is long enough for a heartbeat, which the listener cuts off when the command ends.
  for (let nth = 0; nth < 3; nth += 1)
    expect((await remote.run(['exec', 'sleep 1.3; echo done'])).exitCode).toBe(0);
  await untilMissed();
  expect(absences(relay)).toEqual([]);
});

test('short and long commands over a slow link: the audit log reports no absence', {
  timeout: 60_000,
}, async () => {
  const proxy = await forTest(startFaultProxy());
  const relay = await startAudited('--public-url', proxy.url);
  proxy.aim(relay);
  proxy.setRules({ onRequest: () => ({ fault: 'delay', ms: 400 }) });
  const remote = await forTest(startRemote(proxy));
  for (const seconds of [0, 1.5]) {
    const run = await remote.run(['exec', `sleep ${seconds}; echo done`]);
    expect([run.exitCode, run.text]).toEqual([0, 'done\n']);
  }
  await untilMissed();
  expect(absences(relay)).toEqual([]);
});

test('connections of a listener cut five times, for less than two seconds each: the audit log reports no absence', {
  timeout: 60_000,
}, async () => {
  const proxy = await forTest(startFaultProxy());
  const relay = await startAudited('--public-url', proxy.url);
  proxy.aim(relay);
  const remote = await forTest(startRemote(proxy));
  for (let nth = 0; nth < 5; nth += 1) {
    await eventually('a poll is held', 15_000, () => proxy.held('next') > 0);
    proxy.cutHeld();
  }
  await eventually('a poll is held', 15_000, () => proxy.held('next') > 0);
  await untilMissed();
  expect(absences(relay)).toEqual([]);
  expect((await remote.run(['exec', 'echo served'])).text).toBe('served\n');
});

test('request cut off, another one within a second: no absence; no request for longer: gone, then back with the next one', async () => {
  const relay = await startAudited();
  const session = await makeSession(relay);
  const { ask, listen } = openResource(relay.url, session);
  await ask('POST', '/commands', 'sleep 60');
  await listen('one', 'GET', '/next?wait=0');
  const bearer = ['-H', `Authorization: Bearer ${session.listener_key}`, ...introduce('one')];
  const hold = async (path: string) => {
    const poll = startCurl([...bearer, `${relay.url}/api/session/self${path}`]);
    onTestFinished(poll.kill);
    await poll.sent;
    await untilPassed('the request is held', 200);
    return poll;
  };
  const control = '/commands/c1/control?wait=20';
  for (let nth = 0; nth < 3; nth += 1) await (await hold(control)).kill();
  const last = await hold(control);
  await untilMissed();
  expect(absences(relay)).toEqual([]);
  await last.kill();
  await relay.findLine('audit', /listener gone/);
  await hold(control);
  await relay.findLine('audit', /listener back/);
  expect(listenerWords(relay)).toEqual(['attached', 'gone', 'back']);
});

test('shell of a listener killed, its watchdog reports the end: the audit log has left, then attached for the new listener', async () => {
  const relay = await startAudited();
  const remote = await forTest(startRemote(relay));
  sendSignal(await findRunner(remote.listener), 'SIGKILL');
  await relay.findLine('audit', /listener left/);
  await forTest(startListener(remote.line));
  expect((await remote.run(['exec', '--wait', '20s', 'echo again'])).text).toBe('again\n');
  await untilMissed();
  expect(listenerWords(relay)).toEqual(['attached', 'left', 'attached']);
});
