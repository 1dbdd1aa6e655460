import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startLegacyRelay } from '../harness/legacy-relay.ts';
import { findClosedPort, renderAnswer, startCannedServer } from '../harness/canned-server.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import { startListener } from '../harness/listener.ts';
import { waitForState } from '../harness/remote.ts';
import { startSilentServer } from '../harness/silent-server.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// `remotify list`: the stored sessions, with the state that their relays report.

const relay = useRelay();

interface Listed {
  name: string;
  state: string;
  url: string;
  listener: { host: string } | null;
  ttl_seconds: number | null;
  error: { code: string; message: string; hint: string | null } | null;
}

async function setUp(): Promise<Client> {
  const client = await forTest(makeClient(relay));
  return client;
}

const settingsOf = ({ configDir }: Client): Promise<string> =>
  readFile(join(configDir, 'config.json'), 'utf8');

/** Changes the address of the relay of a stored session. */
async function moveSession(client: Client, name: string, url: string): Promise<void> {
  const settings = JSON.parse(await settingsOf(client)) as { sessions: Record<string, { url: string }> };
  const session = settings.sessions[name];
  if (!session) throw new Error(`no session ${name}`);
  session.url = url;
  const { writeFile } = await import('node:fs/promises');
  await writeFile(join(client.configDir, 'config.json'), JSON.stringify(settings));
}

test('no listener, a connected one, a disconnected one, an ended session: one row each', async () => {
  const client = await setUp();
  await client.makeSession('--name', 'fresh');
  const { urls } = await client.runJson<SessionPayload>('new', '--name', 'ended');
  expect((await curl(['-X', 'DELETE', urls.api])).status).toBe(204);
  const left = await forTest(startListener(await client.makeSession('--name', 'left', '--auto')));
  await waitForState(client, 'the listener is attached', (state) => state.listener?.attached === true);
  await left.stop();
  await waitForState(client, 'the listener left', (state) => state.listener?.attached === false);
  await forTest(startListener(await client.makeSession('--name', 'served', '--auto')));
  await waitForState(client, 'the other is attached', (state) => state.listener?.attached === true);
  const before = await settingsOf(client);
  const { exitCode, text, stderr } = await client.run(['list']);
  expect([exitCode, stderr]).toEqual([0, '']);
  const place = relay.url.replaceAll('.', '\\.');
  const rows = text.trimEnd().split('\n');
  const expiry = 'expires 3 h after the last request';
  expect(rows[0]).toMatch(new RegExp(`^   fresh   ${place}  no listener yet +\\d+ s old  ${expiry}$`));
  expect(rows[1]).toMatch(new RegExp(`^   ended   ${place}  expired or ended +\\d+ s old$`));
  expect(rows[2]).toMatch(
    new RegExp(`^   left    ${place}  disconnected, last seen \\d+ s ago +\\d+ s old  ${expiry}$`),
  );
  expect(rows[3]).toMatch(
    new RegExp(
      `^\\*  served  ${place}  connected, \\S+@\\S+, auto +\\d+ s old  does not expire while connected$`,
    ),
  );
  const { sessions } = await client.runJson<{ sessions: Listed[] }>('list');
  expect(sessions.map(({ name, state }) => [name, state])).toEqual([
    ['fresh', 'none'],
    ['ended', 'gone'],
    ['left', 'disconnected'],
    ['served', 'connected'],
  ]);
  expect(sessions[0]).toMatchObject({ ttl_seconds: 10_800, listener: null, error: null });
  expect(sessions[1]).toMatchObject({ ttl_seconds: null, error: { code: 'gone', hint: expect.any(String) } });
  expect(await settingsOf(client)).toBe(before);
});

test('servers that are down, silent or not relays: their rows show it, the others are unaffected', async () => {
  const client = await setUp();
  for (const name of ['down', 'silent', 'portal', 'good']) await client.makeSession('--name', name);
  const silent = await forTest(startSilentServer());
  const portal = await forTest(
    startCannedServer(renderAnswer('200 OK', '<html>log in', ['Content-Type: text/html'])),
  );
  await moveSession(client, 'down', `http://127.0.0.1:${await findClosedPort()}`);
  await moveSession(client, 'silent', silent.url);
  await moveSession(client, 'portal', portal.url);
  const { exitCode, text } = await client.run(['list'], { deadlineMs: 15_000 });
  expect(exitCode).toBe(0);
  expect(text).toMatch(/^ {3}down .* unreachable +\d+ s old$/m);
  expect(text).toMatch(/^ {3}silent .* unreachable +\d+ s old$/m);
  expect(text).toMatch(/^ {3}portal .* not a relay +\d+ s old$/m);
  expect(text).toMatch(/^\* {2}good .* no listener yet +\d+ s old {2}expires 3 h after the last request$/m);
  const { sessions } = await client.runJson<{ sessions: Listed[] }>('list');
  expect(sessions.map(({ state, error }) => [state, error?.code])).toEqual([
    ['unreachable', 'unreachable'],
    ['unreachable', 'unreachable'],
    ['not_a_relay', 'not_a_relay'],
    ['none', undefined],
  ]);
});

test('--offline: only stored data, and no request to a relay', async () => {
  const client = await setUp();
  await client.makeSession('--name', 'prod');
  const server = await forTest(startCannedServer(''));
  await moveSession(client, 'prod', server.url);
  expect((await client.run(['list', '--offline'])).text).toMatch(
    new RegExp(`^\\*  prod  ${server.url.replaceAll('.', '\\.')}  \\d+ s old\\n$`),
  );
  expect(await client.runJson('list', '--offline')).toEqual({
    sessions: [{ name: 'prod', current: true, url: server.url, created_at: expect.any(Number) }],
  });
  expect(server.requests).toEqual([]);
});

test('list with a legacy relay: when its listener was last seen', async () => {
  const legacy = await forTest(startLegacyRelay());
  const client = await forTest(makeClient(legacy));
  const { urls } = await client.runJson<SessionPayload>('new');
  expect((await client.run(['list'])).text).toMatch(/ no listener yet +\d+ s old/);
  await curl([`${urls.cmd}?nowait=1`]);
  expect((await client.run(['list'])).text).toMatch(/ legacy listener, last seen \d+ s ago +\d+ s old/);
  expect((await client.run(['status'])).text).toMatch(/^commands +not listed: this is a legacy relay$/m);
});
