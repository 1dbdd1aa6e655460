import { expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually } from '../harness/deadline.ts';
import { sendRaw } from '../harness/raw-connection.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { forTest } from '../harness/for-test.ts';

// A host name that is not allowed: the response and the log contain the option that allows it.

async function startOwn(flags: string[] = []): Promise<Relay> {
  const relay = await forTest(startRelay({ flags }));
  return relay;
}

const ask = (relay: Relay, host: string, path = '/api/health') =>
  curl(['-H', `Host: ${host}`, relay.url + path]);

const refusals = (relay: Relay) => relay.stderr().match(/^remotify: .*refused.*$/gm) ?? [];

/** Sends a request for this host and waits until the log has it: all earlier requests are then in the log too. */
async function waitForName(relay: Relay, name: string): Promise<void> {
  await ask(relay, name);
  await eventually(`the log names ${name}`, 5_000, () => relay.stderr().includes(name));
}

test.each(['relay:8080', 'remotify.ns.svc', 'my_relay', 'RELAY.Example:80'])(
  'Host %s: each response contains the option that allows it, the log contains it once',
  async (host) => {
    const relay = await startOwn();
    const name = host.toLowerCase().replace(/:\d+$/, '');
    for (const path of ['/', '/api/health', '/nowhere']) {
      const answer = await ask(relay, host, path);
      expect([answer.status, answer.headers['remotify-error']]).toEqual([421, 'unknown_host']);
      expect(answer.text).toBe(
        `this relay does not answer for that host name: "${name}". Its operator can allow it with --allowed-host ${name}, or with --public-url\n`,
      );
    }
    await waitForName(relay, 'last.example');
    expect(refusals(relay)[0]).toBe(
      `remotify: the host name ${name} is refused (421): to allow it, use --allowed-host ${name}, or name it in --public-url`,
    );
    expect(refusals(relay)).toHaveLength(2);

    const cured = await startOwn(['--allowed-host', name]);
    expect((await ask(cured, host)).status).toBe(200);
    const named = await startOwn(['--public-url', `http://${name}`]);
    expect((await ask(named, host)).status).toBe(200);
  },
);

test.each([
  ['markup', '<script>alert(1)</script>'],
  ['a quote', "relay'$(id)"],
  ['a space', 'relay evil'],
  ['a user', 'user@relay'],
  ['a path', 'relay/evil'],
  ['an invalid port', 'relay:99999'],
  ['a terminal escape', 'relay\u001b[2J'],
  ['a dash in front, like an option', '--public-url'],
  ['a name that is too long', `${'a'.repeat(300)}.example`],
  ['text that may be a key', `${'0123456789abcdef'.repeat(2)}.example`],
  ['brackets without an IPv6 address', '[dead]'],
])('Host that is not a name: neither the response nor the log repeats it: %s', async (_title, host) => {
  const relay = await startOwn();
  const answer = await sendRaw(relay, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  if (answer === 'closed') throw new Error('no answer');
  if (answer.status === 421) {
    expect(answer.text).toBe(
      'this relay does not answer for that host name: its operator can allow names with --allowed-host NAME, or with --public-url URL\n',
    );
  }
  expect([400, 421]).toContain(answer.status);
  await waitForName(relay, 'last.example');
  expect(refusals(relay)).toHaveLength(1);
});

test('X-Forwarded-Host of a trusted proxy is not allowed: the response contains that name', async () => {
  const relay = await startOwn(['--trust-proxy', '1']);
  const answer = await curl(['-H', 'X-Forwarded-Host: relay.example', `${relay.url}/api/health`]);
  expect(answer.status).toBe(421);
  expect(answer.text).toContain('--allowed-host relay.example,');
});

test('requests for 40 unknown names: the log has the first 16 names, and one line that there are more', async () => {
  const relay = await startOwn();
  for (let number = 1; number <= 40; number += 1) {
    expect((await ask(relay, `scan-${number}.example`)).status).toBe(421);
  }
  await eventually('the log has the last line', 5_000, () => refusals(relay).length >= 17);
  expect(refusals(relay)).toHaveLength(17);
  expect(refusals(relay)[15]).toContain('scan-16.example');
  expect(refusals(relay)[16]).toBe('remotify: more host names are refused; the relay does not log them');
});
