import { expect, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import { eventually } from '../harness/deadline.ts';
import { startListener } from '../harness/listener.ts';
import { type Relay, type RelayOptions, startRelay } from '../harness/relay-process.ts';
import { makeSession } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

// The storage quotas of a session and of an address, and the errors when they are reached.

const mib = 1024 * 1024;

async function start(...flags: string[]): Promise<Relay> {
  const relay = await forTest(startRelay({ flags }));
  return relay;
}

async function setUp(...flags: string[]) {
  const relay = await start(...flags);
  const client = await forTest(makeClient(relay));
  await forTest(startListener(await client.makeSession('--auto')));
  return client;
}

test('output beyond the quota of its session: truncated with an error, and the next command evicts it', async () => {
  const client = await setUp('--session-quota', '3000k');
  const { exitCode, stdout, stderr } = await client.run(['exec', 'head -c 8M /dev/zero; sleep 60; exit 5'], {
    deadlineMs: 30_000,
  });
  // The listener stops it, like a command whose output exceeds the limit of a stream.
  expect(exitCode).toBe(137);
  expect(stdout.byteLength).toBeGreaterThan(mib);
  expect(stdout.byteLength).toBeLessThanOrEqual(3 * mib);
  expect(stderr).toContain('remotify: output truncated: session storage quota reached');
  expect(stderr).toMatch(/error: \d+ bytes of output of command c1 are missing: they could not be stored/);
  const next = await client.run(['exec', '-f', '-'], { stdin: `: ${'x'.repeat(mib - 1_000)}` });
  expect(next.exitCode).toBe(0);
  const logs = await client.run(['logs', 'c1']);
  expect(logs.stdout.byteLength).toBe(0);
  expect(logs.exitCode).toBe(255);
  expect(logs.stderr).toMatch(/error: \d+ bytes of output of command c1 are missing: the relay removed them/);
  const status = await client.run(['status', 'c1']);
  expect(status.text).toMatch(
    /^c1 {2}finished {2}exit status 137 .*; output incomplete {2}.*\n\d+ bytes of output are missing: the relay removed them to make room for later output\n/m,
  );
});

test('push larger than the quota: refused, since no eviction can make room', async () => {
  const client = await setUp('--session-quota', '512k');
  const next = await client.run(['exec', '-f', '-'], { stdin: `: ${'x'.repeat(mib - 1_000)}` });
  expect(next.exitCode).toBe(255);
  expect(next.stderr).toContain('error: this session stores as much as it may');
  expect(next.stderr).toContain('hint: end it with `remotify end`');
});

test('command that fails, with output beyond the quota: it keeps its exit status', async () => {
  const client = await setUp('--session-quota', '1m');
  const script = 'head -c 5M /dev/zero; echo over >&2; exit 7';
  const { exitCode, stdout, stderr } = await client.run(['exec', script], { deadlineMs: 30_000 });
  expect([7, 137]).toContain(exitCode);
  expect(stdout.byteLength).toBeLessThanOrEqual(mib);
  expect(stderr).toContain('remotify: output truncated');
});

/** A session with a running command, and a function that uploads its output. */
async function makeRunning(relay: Relay) {
  const session = await makeSession(relay);
  const api = session.urls.api;
  const listener = ['-H', 'Remotify-Listener: one-listener', '-H', 'Remotify-Mode: auto'];
  const asListener = ['-H', `Authorization: Bearer ${session.listener_key}`, ...listener];
  const self = `${relay.url}/api/session/self`;
  expect((await curl(['--data-binary', 'echo', `${api}/commands`])).status).toBe(201);
  expect((await curl([...asListener, `${self}/next?wait=0`])).status).toBe(200);
  return {
    session,
    upload: (offset: number, bytes: number) =>
      curl(
        [...asListener, '--data-binary', '@-', `${self}/commands/c1/output?stream=stdout&offset=${offset}`],
        { stdin: Buffer.alloc(bytes, 'x') },
      ),
  };
}

test('output uploaded twice: it counts once towards the quota, also if it fills the quota exactly', async () => {
  const relay = await start('--session-quota', String(64 * 1024));
  const { upload } = await makeRunning(relay);
  const room = 64 * 1024 - 'echo'.length;
  expect((await upload(0, room)).status).toBe(200);
  expect((await upload(0, room)).status).toBe(200);
  const over = await upload(room - 10_000, 20_000);
  expect(over).toMatchObject({ status: 507, text: 'this session stores as much as it may\n' });
  expect(over.headers['remotify-error']).toBe('session_quota');
});

test('push repeated with its Idempotency-Key: the same command, also if the quota has no room for another one', async () => {
  const relay = await start('--session-quota', '64k');
  const { urls } = await makeSession(relay);
  const push = (name: string) =>
    curl(['-H', `Idempotency-Key: ${name}`, '--data-binary', '@-', `${urls.api}/commands`], {
      stdin: `: ${'x'.repeat(40_000)}`,
    });
  const first = await push('one');
  expect(first).toMatchObject({ status: 201 });
  expect(await push('two')).toMatchObject({ status: 507 });
  const again = await push('one');
  expect(again.status).toBe(201);
  expect(again.json()).toMatchObject({ id: first.json<{ id: string }>().id });
});

test('two sessions of an address: they share its quota, and the end of one frees its bytes', async () => {
  const relay = await start('--address-quota', '150k');
  const first = await makeRunning(relay);
  const second = await makeRunning(relay);
  expect((await first.upload(0, 100_000)).status).toBe(200);
  const refused = await second.upload(0, 100_000);
  expect(refused.status).toBe(507);
  expect(refused.headers['remotify-error']).toBe('address_quota');
  expect((await curl(['-X', 'DELETE', first.session.urls.api])).status).toBe(204);
  expect((await second.upload(0, 100_000)).status).toBe(200);
});

test('six uploads at once, quota for three: three are accepted, three get 507', async () => {
  const relay = await start('--address-quota', '350k');
  const running = await Promise.all(Array.from({ length: 6 }, () => makeRunning(relay)));
  const statuses = (await Promise.all(running.map(({ upload }) => upload(0, 100_000)))).map(
    ({ status }) => status,
  );
  expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 200, 200, 507, 507, 507]);
});

async function make(relay: { url: string }) {
  const { status, text, headers } = await curl(['-X', 'POST', `${relay.url}/api/session`]);
  return {
    status,
    code: headers['remotify-error'],
    session: status === 201 ? (JSON.parse(text) as { urls: { api: string } }) : undefined,
  };
}

test('limit of sessions per address: further ones get 507, also after a restart, until a session ends', async () => {
  const options: RelayOptions = { flags: ['--max-sessions-per-address', '3'] };
  const folder = await forTest(makeTemporaryFolder());
  const store = `file:${folder.path}/store`;
  const before = await forTest(startRelay({ ...options, store }));
  const made = [await make(before), await make(before), await make(before)];
  expect(made.map(({ status }) => status)).toEqual([201, 201, 201]);
  await before.kill('SIGKILL');
  const after = await forTest(startRelay({ ...options, store }));
  expect(await make(after)).toMatchObject({ status: 507, code: 'too_many_sessions' });
  const path = new URL(made[0]?.session?.urls.api ?? '').pathname;
  expect((await curl(['-X', 'DELETE', `${after.url}${path}`])).status).toBe(204);
  expect(await make(after)).toMatchObject({ status: 201 });
  expect(await make(after)).toMatchObject({ status: 507 });
});

test('limit of sessions per address: an expired session makes room for a new one', async () => {
  const relay = await start('--max-sessions-per-address', '1', '--session-ttl', '1s');
  expect(await make(relay)).toMatchObject({ status: 201 });
  expect(await make(relay)).toMatchObject({ status: 507 });
  await eventually('the session expires', 10_000, async () => (await make(relay)).status === 201);
});
