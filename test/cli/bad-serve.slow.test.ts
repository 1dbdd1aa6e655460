import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCannedServer } from '../harness/canned-server.ts';
import { type Client, makeClient } from '../harness/client.ts';
import { startRelay } from '../harness/relay-process.ts';
import { expectFailure } from './expect-failure.ts';
import { forTest } from '../harness/for-test.ts';

// A relay with an invalid option or variable does not start, and its error names the flag or variable.

async function setUp(): Promise<Client> {
  const client = await forTest(makeClient({ url: 'http://127.0.0.1:1' }));
  return client;
}

/** If the relay starts by mistake, it stores nothing, and the deadline of the run ends it. */
const serve = ['serve', '--port', '0', '--store', 'memory:'];

test.each([
  ['--port', 'http', 'REMOTIFY_PORT', /http/],
  ['--port', '65536', 'REMOTIFY_PORT', /65536/],
  ['--port', '-1', 'REMOTIFY_PORT', /-1/],
  ['--port', '80a', 'REMOTIFY_PORT', /80a/],
  ['--public-url', 'relay.example', 'REMOTIFY_PUBLIC_URL', /relay\.example/],
  ['--rate-limit', '10', 'RATE_LIMIT', /not a rate: "10"/],
  ['--rate-limit', '10r/y', 'RATE_LIMIT', /not a rate: "10r\/y"/],
  ['--rate-limit', '0r/m', 'RATE_LIMIT', /not a rate: "0r\/m"/],
  ['--rate-limit-burst', 'five', 'RATE_LIMIT_BURST', /five/],
  ['--rate-limit-burst', '1.5', 'RATE_LIMIT_BURST', /1\.5/],
  ['--max-body-size', 'big', 'MAX_BODY_SIZE', /not a size: "big"/],
  ['--max-body-size', '25q', 'MAX_BODY_SIZE', /not a size: "25q"/],
  ['--max-body-size', '-1m', 'MAX_BODY_SIZE', /not a size: "-1m"/],
  ['--session-ttl', 'soon', 'SESSION_TTL', /not a duration: "soon"/],
  ['--session-ttl', '0', 'SESSION_TTL', /must be more than 0/],
  ['--long-poll', 'x', 'REMOTIFY_LONG_POLL', /not a duration: "x"/],
  ['--allowed-host', 'a b', 'REMOTIFY_ALLOWED_HOST', /not a host name: "a b"/],
  ['--allowed-host', 'relay.example:80', 'REMOTIFY_ALLOWED_HOST', /not a host name/],
  ['--durability', 'forever', 'REMOTIFY_DURABILITY', /unknown: "forever"/],
  ['--trust-proxy', 'nginx', 'REMOTIFY_TRUST_PROXY', /"nginx"/],
  ['--trust-proxy', '10.0.0.0/33', 'REMOTIFY_TRUST_PROXY', /"10\.0\.0\.0\/33"/],
  ['--trust-proxy', '17', 'REMOTIFY_TRUST_PROXY', /17/],
  ['--tls-cert', '/nowhere.pem', 'REMOTIFY_TLS_CERT', /without --tls-key/],
  ['--tls-key', '/nowhere.pem', 'REMOTIFY_TLS_KEY', /without --tls-cert/],
  ['--max-held-polls', 'many', 'REMOTIFY_MAX_HELD_POLLS', /many/],
  ['--max-held-polls-per-address', '-1', 'REMOTIFY_MAX_HELD_POLLS_PER_ADDRESS', /-1/],
  ['--max-held-polls-per-session', '1k', 'REMOTIFY_MAX_HELD_POLLS_PER_SESSION', /1k/],
  ['--max-sessions-per-address', 'x', 'REMOTIFY_MAX_SESSIONS_PER_ADDRESS', /"x"/],
  ['--session-quota', 'lots', 'REMOTIFY_SESSION_QUOTA', /not a size: "lots"/],
  ['--address-quota', '1t', 'REMOTIFY_ADDRESS_QUOTA', /not a size: "1t"/],
  ['--audit-log', 'loud', 'AUDIT_LOG', /"loud"/],
  ['--log', 'xml', 'REMOTIFY_LOG', /unknown: "xml"/],
  ['--metrics', 'here', 'REMOTIFY_METRICS', /not an address to listen on: "here"/],
  ['--metrics', '127.0.0.1:99999', 'REMOTIFY_METRICS', /99999/],
])('serve with %s %s, or its variable: usage error', async (flag, value, variable, error) => {
  const { run } = await setUp();
  const args = flag === '--port' ? ['serve', '--store', 'memory:'] : serve;
  const typed = await run([...args, `${flag}=${value}`], { deadlineMs: 10_000 });
  expectFailure(typed, 2, error);
  expect(typed.stderr).toContain(flag);
  const set = await run(args, { env: { [variable]: value }, deadlineMs: 10_000 });
  // The error must name the variable, so that the user knows what to fix.
  expectFailure(set, 2, error);
  expect(set.stderr).toContain(variable);
});

test.each([
  ['LONGPOLL_MS', 'soon', /LONGPOLL_MS/],
  ['LONGPOLL_MS', '15s', /LONGPOLL_MS/],
  ['LONGPOLL_MS', '-1', /LONGPOLL_MS/],
  ['LONGPOLL_MS', '99999999', /LONGPOLL_MS/],
  ['PUBLIC_PORT', 'http', /PUBLIC_PORT/],
  ['PUBLIC_PORT', '0', /PUBLIC_PORT/],
  ['SCHEME', 'gopher', /SCHEME/],
  ['DOMAIN', 'a b', /DOMAIN/],
  ['DOMAIN', 'relay.example/?x', /DOMAIN/],
])('serve with %s=%s: usage error', async (name, value, error) => {
  const { run } = await setUp();
  const env = { DOMAIN: 'relay.example', [name]: value };
  expectFailure(await run(serve, { env, deadlineMs: 10_000 }), 2, error);
});

test('serve with a store of an unknown kind: fails', async () => {
  const { run } = await setUp();
  for (const store of ['ftp://x', 'nonsense', 'file:'])
    expectFailure(
      await run(['serve', '--port', '0', '--store', store], { deadlineMs: 10_000 }),
      255,
      /store/,
    );
});

test('serve with a store that cannot be opened: fails', async () => {
  const { run, configDir } = await setUp();
  await writeFile(join(configDir, 'file'), '');
  const store = `file:${configDir}/file/store`;
  expectFailure(await run(['serve', '--port', '0', '--store', store], { deadlineMs: 10_000 }), 255, /store/);
});

test('serve with a store that another relay uses: fails and names its pid', async () => {
  const { run, configDir } = await setUp();
  const store = `file:${configDir}/store`;
  const relay = await forTest(startRelay({ store }));
  const result = await run(['serve', '--port', '0', '--store', store], { deadlineMs: 10_000 });
  expectFailure(result, 255, /another relay \(pid \d+ on .+\) is already using .+\/store/);
  expect(result.stderr).toContain(`(pid ${relay.pid} on `);
});

test('serve with a port that is taken: fails', async () => {
  const { run } = await setUp();
  const server = await forTest(startCannedServer(''));
  const port = new URL(server.url).port;
  const result = await run(['serve', '--port', port, '--store', 'memory:'], { deadlineMs: 10_000 });
  expectFailure(result, 255, new RegExp(`port ${port} on 127\\.0\\.0\\.1 is taken`));
});

test('serve with an address of another machine, or a malformed one: fails', async () => {
  const { run } = await setUp();
  for (const host of ['192.0.2.1', 'no such host', '999.1.1.1'])
    expectFailure(await run([...serve, '--host', host], { deadlineMs: 20_000 }), 255, /cannot listen on/);
});
