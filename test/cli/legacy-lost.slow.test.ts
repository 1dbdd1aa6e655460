import { describe, test, type TestContext } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { startLegacyRelay } from '../harness/legacy-relay.ts';
import type { SessionPayload } from '../harness/slot-session.ts';

// A legacy relay does not report that a result will never come: exec detects it from the status, which it reads every 15 s.

const timeout = 150_000;

/** Starts an exec whose command a listener has taken. */
async function setUp({ onTestFinished }: TestContext) {
  const relay = await startLegacyRelay();
  onTestFinished(relay.close);
  const client = await makeClient(relay);
  onTestFinished(client.remove);
  const { urls } = await client.runJson<SessionPayload>('new');
  const exec = client.start(['exec', 'true']);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  const take = () => curl([`${urls.cmd}?nowait=1`]);
  await eventually('the command is taken', 20_000, async () => (await take()).status === 200);
  return { exec, urls, take };
}

describe.concurrent('a result that will never come', () => {
  test('another client resets the session: 255, outcome unknown (long form)', {
    timeout,
    skip: !isLong,
  }, async (context) => {
    const { exec, urls } = await setUp(context);
    await curl(['-X', 'POST', `${urls.api}/reset`]);
    context.expect(await withDeadline(exec.closed, 90_000, 'exec ends')).toMatchObject({ code: 255 });
    context.expect(exec.stderr()).toContain('another client reset the session; the outcome is unknown');
  });

  test('the listener polls again after 30 s: 255, outcome unknown (long form)', {
    timeout,
    skip: !isLong,
  }, async (context) => {
    const { exec, take } = await setUp(context);
    const polls = setInterval(() => void take(), 1_000);
    context.onTestFinished(() => clearInterval(polls));
    context.expect(await withDeadline(exec.closed, 120_000, 'exec ends')).toMatchObject({ code: 255 });
    context
      .expect(exec.stderr())
      .toContain('the listener was restarted while the command ran; the outcome is unknown');
  });

  test('the session is ended: 255 immediately', { timeout }, async (context) => {
    const { exec, urls } = await setUp(context);
    await curl(['-X', 'DELETE', urls.api]);
    context.expect(await withDeadline(exec.closed, 20_000, 'exec ends')).toMatchObject({ code: 255 });
    context.expect(exec.stderr()).toContain('session session-1 is gone from ');
    context.expect(exec.stderr()).not.toContain('may still be queued');
  });
});
