import { describe, test, type TestContext } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { asAuto, startListener } from '../harness/listener.ts';
import { startLegacyRelay } from '../harness/legacy-relay.ts';
import { startRelay } from '../harness/relay-process.ts';
import { makeSession } from '../harness/slot-session.ts';
import { startSlotListener } from '../harness/slot-listener.ts';
import { resetAfterSeconds, runAsLegacyClient } from './legacy-mcp-client.ts';

// A legacy MCP client on a remotify relay. It resets a session when it concludes that the listener was restarted.

async function setUp({ onTestFinished }: TestContext) {
  const relay = await startRelay();
  onTestFinished(relay.stop);
  return makeSession(relay);
}

async function setUpOurs(context: TestContext) {
  const session = await setUp(context);
  const listener = await startListener(asAuto(session.remote_quickstart));
  context.onTestFinished(listener.stop);
  return session;
}

const timeout = 120_000;

describe.concurrent('a legacy MCP client', () => {
  test('a remotify listener in the middle of a command: the client never sees signs of a restarted listener', async (context) => {
    const session = await setUpOurs(context);
    // Output each 0.3 s: each piece shows the relay that the listener is alive.
    const command = 'for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo $n; sleep .3; done';
    const { result, lags } = await runAsLegacyClient(session, command, { lookEveryMs: 200 });
    context.expect(result).toMatch(/^1\n[^]*12\n$/);
    context.expect(lags.length).toBeGreaterThan(3);
    context.expect(Math.max(...lags)).toBeLessThanOrEqual(0);
  });

  test('a command of 40 s on a remotify listener: no reset, and the result arrives (long form)', {
    timeout,
    skip: !isLong,
  }, async (context) => {
    const session = await setUpOurs(context);
    const { result, wasReset, lags } = await runAsLegacyClient(session, 'sleep 40; echo end');
    context.expect({ result, wasReset }).toEqual({ result: 'end\n', wasReset: false });
    context.expect(Math.max(...lags)).toBeLessThanOrEqual(0);
  });

  test('a command of 40 s on a legacy listener of a remotify relay: no reset (long form)', {
    timeout,
    skip: !isLong,
  }, async (context) => {
    const session = await setUp(context);
    const listener = await startSlotListener(new URL(session.urls.api).origin, session.key);
    context.onTestFinished(listener.stop);
    context.expect(await runAsLegacyClient(session, 'sleep 40; echo end')).toMatchObject({
      result: 'end\n',
      wasReset: false,
    });
  });

  test('a legacy relay whose listener was restarted: the modelled client resets the session (long form)', {
    timeout,
    skip: !isLong,
  }, async (context) => {
    const relay = await startLegacyRelay();
    context.onTestFinished(relay.close);
    const session = await makeSession(relay);
    const running = runAsLegacyClient(session, 'sleep 600', { lookEveryMs: 500 });
    await eventually('the command is taken', 10_000, async () => (await session.take()).status === 200);
    const seen = setInterval(() => void curl([`${session.urls.cmd}?nowait=1`]), 1_000);
    context.onTestFinished(() => clearInterval(seen));
    const { wasReset, lags } = await running;
    context.expect(wasReset).toBe(true);
    context.expect(Math.max(...lags)).toBeGreaterThan(resetAfterSeconds);
  });
});
