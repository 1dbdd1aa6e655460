import { expect, onTestFinished, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually } from '../harness/deadline.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';

// What a proxy in front leaves the relay to guess is said on its stderr, once, with the cure.

async function startOwn(...flags: string[]): Promise<Relay> {
  const relay = await startRelay({ flags });
  onTestFinished(relay.stop);
  return relay;
}

async function ask(relay: Relay, ...headers: string[]): Promise<void> {
  const answer = await curl([...headers.flatMap((line) => ['-H', line]), `${relay.url}/api/health`]);
  expect(answer.status).toBe(200);
}

/** All that it said up to here: what is said last ends the wait. */
async function readLog(relay: Relay): Promise<string[]> {
  await curl(['-H', 'Host: last.example', relay.url]);
  await eventually('the log has what was asked last', 5_000, () => relay.stderr().includes('last.example'));
  const lines = relay.stderr().match(/^remotify: (?!listening|next|metrics|the host name).*$/gm) ?? [];
  return lines.map((line) => line.replace('remotify: ', ''));
}

const cure = 'if a proxy stands in front, use --trust-proxy 1, or give the address with --public-url';
const all = ['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: relay.example'];

test('each forwarding header of a peer that is not trusted is named once, with the cure', async () => {
  const relay = await startOwn();
  for (let round = 1; round <= 3; round += 1) await ask(relay, ...all);
  expect(await readLog(relay)).toEqual([
    `X-Forwarded-For from 127.0.0.1 is ignored: ${cure}`,
    `X-Forwarded-Proto from 127.0.0.1 is ignored: ${cure}`,
    `X-Forwarded-Host from 127.0.0.1 is ignored: ${cure}`,
  ]);
});

test('a header that comes later is named then', async () => {
  const relay = await startOwn('--trust-proxy', '10.0.0.0/8');
  await ask(relay);
  expect(await readLog(relay)).toEqual([]);
  await ask(relay, 'X-Forwarded-Proto: "<https>');
  await eventually('the header is named', 5_000, () => relay.stderr().includes(cure));
  expect(await readLog(relay)).toEqual([`X-Forwarded-Proto from 127.0.0.1 is ignored: ${cure}`]);
});

test.each([
  ['a proxy that is trusted', ['--trust-proxy', '1', '--allowed-host', 'relay.example']],
  ['a public URL', ['--public-url', 'https://relay.example']],
])('with %s there is nothing to say', async (_title, flags) => {
  const relay = await startOwn(...flags);
  await ask(relay, ...all);
  expect(await readLog(relay)).toEqual([]);
});

const innerCure =
  'let the proxy send the Host that it got (nginx: proxy_set_header Host $http_host), or use --public-url';

test.each([
  ['X-Forwarded-For', (_relay: Relay) => ['X-Forwarded-For: 192.0.2.1']],
  ['Via', (_relay: Relay) => ['Via: 1.1 front']],
  ['a client on the same machine', (_relay: Relay) => ['X-Forwarded-For: 127.0.0.1']],
  ['localhost', ({ port }: Relay) => ['X-Forwarded-For: 127.0.0.1', `Host: localhost:${port}`]],
  ['a container’s mapped port', (_relay: Relay) => ['X-Forwarded-For: 192.0.2.1', 'Host: 127.0.0.1:1']],
])('a trusted proxy that asks for the inner address is named once: %s', async (_title, makeHeaders) => {
  const relay = await startOwn('--trust-proxy', '1');
  const headers = makeHeaders(relay);
  await ask(relay, ...headers);
  await ask(relay, ...headers);
  const host = headers.find((line) => line.startsWith('Host: '))?.slice(6) ?? `127.0.0.1:${relay.port}`;
  expect(await readLog(relay)).toEqual([
    `a proxy asks for ${host}, so the lines to paste point there: ${innerCure}`,
  ]);
});

test.each([
  ['nothing tells of a proxy', []],
  ['the proxy tells the host', ['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Host: relay.example']],
  ['the proxy passes the Host on', ['X-Forwarded-For: 192.0.2.1', 'Host: relay.example']],
  ['the Host is that of a proxy on the same machine', ['X-Forwarded-For: 127.0.0.1', 'Host: localhost:1']],
])('with a trusted proxy there is nothing to say: %s', async (_title, headers) => {
  const relay = await startOwn('--trust-proxy', '1', '--allowed-host', 'relay.example');
  await ask(relay, ...headers);
  expect(await readLog(relay)).toEqual([]);
});

test('the page of the relay is refused behind a proxy that replaces the Host: that is said once, with the cure', async () => {
  const relay = await startOwn();
  const own = ['-H', 'Origin: https://relay.example', '-H', 'Sec-Fetch-Site: same-origin'];
  const make = (...headers: string[]) => curl(['-X', 'POST', ...headers, `${relay.url}/api/session`]);
  expect((await make('-H', 'Origin: https://evil.example', '-H', 'Sec-Fetch-Site: cross-site')).status).toBe(
    403,
  );
  expect((await make(...own)).status).toBe(403);
  expect((await make(...own)).status).toBe(403);
  expect(await readLog(relay)).toEqual([
    `the page at https://relay.example is refused, since a proxy asks for 127.0.0.1:${relay.port}: use --public-url https://relay.example, or let the proxy send the Host that it got`,
  ]);
});
