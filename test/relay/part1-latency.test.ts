import { expect, test } from 'vitest';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeSession } from '../harness/slot-session.ts';
import { startCurl } from '../harness/curl.ts';
import { forTest } from '../harness/for-test.ts';

test('push while a listener waits: the listener gets the command in under 50 ms (median of 20)', {
  timeout: 60_000,
}, async () => {
  const relay = await forTest(startRelay());
  const session = await makeSession(relay);
  const rounds: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const command = `echo ${round}`;
    const poll = await session.waitForCommand();
    await eventually('the relay has seen the listener', 5_000, async () => {
      return (await session.status()).listener_seen_seconds_ago !== null;
    });
    // Measures from the push on the wire to the first byte at the listener, without the start of curl.
    const push = startCurl(['--data-binary', command, session.urls.cmd]);
    const pushedAt = await push.sent;
    const taken = await withDeadline(poll.answer, 10_000, 'the waiting listener gets the command');
    expect(taken.text).toBe(command);
    expect((await withDeadline(push.answer, 10_000, 'the push is answered')).status).toBe(201);
    rounds.push((poll.firstByteAt() ?? Number.NaN) - pushedAt);
  }
  rounds.sort((a, b) => a - b);
  expect(rounds[10]).toBeLessThan(50);
});
