import { expect, onTestFinished, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import type { LegacyAnswer } from '../harness/legacy-answer.ts';
import { type LegacyRelayOptions, startLegacyRelay } from '../harness/legacy-relay.ts';
import { startSlotListener } from '../harness/slot-listener.ts';
import type { SessionPayload, SessionStatus } from '../harness/slot-session.ts';
import { startMcpHost } from './mcp-host.ts';
import { forTest } from '../harness/for-test.ts';

// Bad responses between remote_exec and the result slot of a legacy relay.

type Alter = NonNullable<LegacyRelayOptions['alter']>;

const page = (status: number): LegacyAnswer => ({
  status,
  type: 'text/html',
  body: Buffer.from('<html><body>nginx</body></html>\n'),
});

const empty =
  (change: (answer: LegacyAnswer, nth: number) => LegacyAnswer): Alter =>
  (answer, request, nth) =>
    request.startsWith('GET /result-') && answer.status === 204 ? change(answer, nth) : answer;

async function setUp(alter: Alter) {
  const relay = await forTest(startLegacyRelay({ alter }));
  const client = await forTest(makeClient(relay));
  const made = await client.runJson<SessionPayload>('new');
  const host = await startMcpHost(client.configDir, { REMOTIFY_URL: relay.url });
  onTestFinished(() => host.close());
  const readStatus = async () => (await (await fetch(`${made.urls.api}/status`)).json()) as SessionStatus;
  return { host, relay, made, readStatus };
}

test.each([
  ['status 204 with the content type of an error page', empty((answer) => answer)],
  ['status 502 of a proxy at every other poll', empty((answer, nth) => (nth % 2 === 0 ? page(502) : answer))],
] as const)('%s: the command runs', async (_title, alter) => {
  const { host, relay, made } = await setUp(alter);
  await forTest(startSlotListener(relay.url, made.key));
  const { data } = await host.exec('sleep 1.5; echo end; exit 4');
  expect(data).toMatchObject({ state: 'finished', exit_status: 4 });
});

test.each([
  ['a web page with status 200', empty(() => page(200))],
  ['status 404 of a proxy', empty(() => page(404))],
] as const)('%s without a listener: the command is cancelled, and never ran', async (_title, alter) => {
  const { host, readStatus } = await setUp(alter);
  const first = (await host.exec('true', { wait_seconds: 20 })).data;
  const { data } = first.state === 'queued' ? await host.exec('true', { wait_seconds: 20 }) : { data: first };
  expect(data.state).toBe('cancelled');
  expect((await readStatus()).cmd_queued).toBe(false);
});
