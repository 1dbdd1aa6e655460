import { expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually } from '../harness/deadline.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { forTest } from '../harness/for-test.ts';

// If the headers of a proxy are missing or not trusted, the relay logs a warning on stderr once, with the remedy.

async function startOwn(...flags: string[]): Promise<Relay> {
  const relay = await forTest(startRelay({ flags }));
  return relay;
}

async function ask(relay: Relay, ...headers: string[]): Promise<void> {
  const answer = await curl([...headers.flatMap((line) => ['-H', line]), `${relay.url}/api/health`]);
  expect(answer.status).toBe(200);
}

/** All warnings so far. Waits for the refusal of one more request, which the relay logs last. */
async function readLog(relay: Relay): Promise<string[]> {
  await curl(['-H', 'Host: last.example', relay.url]);
  await eventually('the log has the last request', 5_000, () => relay.stderr().includes('last.example'));
  const lines = relay.stderr().match(/^remotify: (?!listening|next|metrics|the host name).*$/gm) ?? [];
  return lines.map((line) => line.replace('remotify: ', ''));
}

const cure = 'behind a proxy, use --trust-proxy 1, or set the address with --public-url';
const all = ['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: relay.example'];

test('forwarding headers of an untrusted peer: one warning for each header, with the remedy', async () => {
  const relay = await startOwn();
  for (let round = 1; round <= 3; round += 1) await ask(relay, ...all);
  expect(await readLog(relay)).toEqual([
    `X-Forwarded-For from 127.0.0.1 is ignored: ${cure}`,
    `X-Forwarded-Proto from 127.0.0.1 is ignored: ${cure}`,
    `X-Forwarded-Host from 127.0.0.1 is ignored: ${cure}`,
  ]);
});

test('forwarding header in a later request: the relay warns then', async () => {
  const relay = await startOwn('--trust-proxy', '10.0.0.0/8');
  await ask(relay);
  expect(await readLog(relay)).toEqual([]);
  await ask(relay, 'X-Forwarded-Proto: "<https>');
  await eventually('the relay warns', 5_000, () => relay.stderr().includes(cure));
  expect(await readLog(relay)).toEqual([`X-Forwarded-Proto from 127.0.0.1 is ignored: ${cure}`]);
});

test.each([
  ['a trusted proxy', ['--trust-proxy', '1', '--allowed-host', 'relay.example']],
  ['a public URL', ['--public-url', 'https://relay.example']],
])('forwarding headers with %s: no warning', async (_title, flags) => {
  const relay = await startOwn(...flags);
  await ask(relay, ...all);
  expect(await readLog(relay)).toEqual([]);
});

const innerCure =
  'make the proxy forward the original Host (nginx: proxy_set_header Host $http_host), or use --public-url';

test.each([
  ['with X-Forwarded-For', (_relay: Relay) => ['X-Forwarded-For: 192.0.2.1']],
  ['with Via', (_relay: Relay) => ['Via: 1.1 front']],
  ['for a client on the same machine', (_relay: Relay) => ['X-Forwarded-For: 127.0.0.1']],
  [
    'localhost and the port of the relay',
    ({ port }: Relay) => ['X-Forwarded-For: 127.0.0.1', `Host: localhost:${port}`],
  ],
  [
    '127.0.0.1 and the mapped port of a container',
    (_relay: Relay) => ['X-Forwarded-For: 192.0.2.1', 'Host: 127.0.0.1:1'],
  ],
])('trusted proxy sends the inner address as the Host: one warning: %s', async (_title, makeHeaders) => {
  const relay = await startOwn('--trust-proxy', '1');
  const headers = makeHeaders(relay);
  await ask(relay, ...headers);
  await ask(relay, ...headers);
  const host = headers.find((line) => line.startsWith('Host: '))?.slice(6) ?? `127.0.0.1:${relay.port}`;
  expect(await readLog(relay)).toEqual([
    `a proxy sends the Host ${host}, so the lines to paste contain it: ${innerCure}`,
  ]);
});

test.each([
  ['no header of a proxy', []],
  ['the proxy sends X-Forwarded-Host', ['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Host: relay.example']],
  ['the proxy forwards the Host', ['X-Forwarded-For: 192.0.2.1', 'Host: relay.example']],
  ['the Host is that of a proxy on the same machine', ['X-Forwarded-For: 127.0.0.1', 'Host: localhost:1']],
])('trusted proxy: no warning: %s', async (_title, headers) => {
  const relay = await startOwn('--trust-proxy', '1', '--allowed-host', 'relay.example');
  await ask(relay, ...headers);
  expect(await readLog(relay)).toEqual([]);
});

test('page of the relay behind a proxy that replaces the Host: 403, and one warning with the remedy', async () => {
  const relay = await startOwn();
  const own = ['-H', 'Origin: https://relay.example', '-H', 'Sec-Fetch-Site: same-origin'];
  const make = (...headers: string[]) => curl(['-X', 'POST', ...headers, `${relay.url}/api/session`]);
  expect((await make('-H', 'Origin: https://evil.example', '-H', 'Sec-Fetch-Site: cross-site')).status).toBe(
    403,
  );
  expect((await make(...own)).status).toBe(403);
  expect((await make(...own)).status).toBe(403);
  expect(await readLog(relay)).toEqual([
    `the page at https://relay.example is refused, since a proxy sends the Host 127.0.0.1:${relay.port}: use --public-url https://relay.example, or make the proxy forward the original Host`,
  ]);
});
