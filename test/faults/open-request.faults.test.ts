import { beforeAll, describe, expect, test } from 'vitest';
import { type CountingProxy, startCountingProxy } from '../harness/counting-proxy.ts';
import { curl } from '../harness/curl.ts';
import { untilPassed } from '../harness/deadline.ts';
import { isLong } from '../harness/is-long.ts';
import { openRaw, type RawConnection } from '../harness/raw-connection.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { introduce, openResource } from '../harness/resource.ts';
import { makeSession, type SlotSession } from '../harness/slot-session.ts';
import { mib, postLarge } from './stalled-kit.ts';

// A listener with an open request counts as connected, however long that request takes.

/** Longer than the listener timeout, and shorter than the time limit of a request body. */
const openMs = 52_000;
const everyMs = 4_000;

type Held = { session: SlotSession; connection: RawConnection };

const port = (proxy: CountingProxy) => ({ port: Number(new URL(proxy.url).port) });

function writeHead(
  session: SlotSession,
  line: string,
  mode: 'auto' | 'supervised',
  more: string[] = [],
): string {
  const own = introduce('one', { mode }).filter((word) => word !== '-H');
  const bearer = `Authorization: Bearer ${session.listener_key}`;
  return [line, 'Host: localhost', bearer, ...own, ...more].join('\r\n') + '\r\n\r\n';
}

describe.skipIf(!isLong)('requests of listeners that are open for 52 s', () => {
  let relay: Relay;
  let proxy: CountingProxy;
  let upload: Held;
  let look: Held;
  let control: { session: SlotSession };
  let uploaded: number;
  const statusOf = async ({ session }: { session: SlotSession }) =>
    (await curl([`${session.urls.api}/status`])).json<{
      listener: { attached: boolean } | null;
      cmd_in_flight: boolean;
    }>();

  beforeAll(async () => {
    relay = await startRelay({ flags: ['--audit-log', '--long-poll', '25s'] });
    proxy = await startCountingProxy(relay);
    const begin = async (): Promise<SlotSession> => {
      const session = await makeSession(relay);
      const { ask, listen } = openResource(proxy.url, session);
      await ask('POST', '/commands', 'sleep 60');
      expect((await listen('one', 'GET', '/next?wait=0')).status).toBe(200);
      return session;
    };
    const open = async (session: SlotSession) => ({ session, connection: await openRaw(port(proxy)) });

    upload = await open(await begin());
    const line = 'POST /api/session/self/commands/c1/output?stream=stdout&offset=0 HTTP/1.1';
    upload.connection.send(writeHead(upload.session, line, 'auto', ['Content-Length: 100']));
    look = await open(await makeSession(relay));
    await postLarge(relay, `/cmd-${look.session.key}`);
    look.connection.pause();
    look.connection.send(
      writeHead(look.session, 'GET /api/session/self/next?wait=20 HTTP/1.1', 'supervised'),
    );
    control = { session: await begin() };
    const { listen } = openResource(proxy.url, control.session);

    const began = performance.now();
    const left = () => (openMs - (performance.now() - began)) / 1000;
    const polls = (async () => {
      while (left() > 0)
        await listen('one', 'GET', `/commands/c1/control?wait=${Math.ceil(Math.min(25, left()))}`);
    })();
    uploaded = 0;
    while (left() > 0) {
      upload.connection.send('x');
      uploaded += 1;
      // Reads half of the answer in total: the buffers of the systems hold less than the other half.
      look.connection.resume((37 * mib * everyMs) / openMs);
      await untilPassed('time between two bytes', everyMs);
    }
    await polls;
    return async () => {
      upload.connection.destroy();
      look.connection.destroy();
      await proxy.stop();
      await relay.stop();
    };
  }, 150_000);

  test('an upload of one byte every 4 s: its listener is attached, its command runs, and the upload is accepted', async () => {
    expect(await statusOf(upload)).toMatchObject({ listener: { attached: true }, cmd_in_flight: true });
    upload.connection.send('x'.repeat(100 - uploaded));
    const answer = await upload.connection.next();
    expect([answer.status, answer.text]).toEqual([200, '100\n']);
  });

  test('a listener reads the answer to a poll slowly: it is attached, and its command waits for approval', async () => {
    expect(look.connection.isClosed()).toBe(false);
    expect(await statusOf(look)).toMatchObject({ listener: { attached: true }, cmd_in_flight: true });
  });

  test('only control polls of 25 s: their listener is attached, and its command runs', async () => {
    expect(await statusOf(control)).toMatchObject({ listener: { attached: true }, cmd_in_flight: true });
  });

  test('the audit log has no listener as gone or back, and no ended command', () => {
    const told = relay
      .stderr()
      .split('\n')
      .filter((line) => / audit: /.test(line));
    expect(told.filter((line) => /listener (gone|back)|command c1 ended/.test(line))).toEqual([]);
    expect(told.filter((line) => /listener attached/.test(line))).toHaveLength(3);
  });
});
