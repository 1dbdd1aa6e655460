import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findClosedPort } from '../harness/canned-server.ts';
import { hasOpenssl, makeCertificate } from '../harness/certificate.ts';
import { eventually } from '../harness/deadline.ts';
import { handKey, makeShortSleep, startByHand, startScriptedRelay } from '../harness/hand-run.ts';
import { startListener } from '../harness/listener.ts';
import { makeClient } from '../harness/client.ts';
import { waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// A listener that cannot reach its relay prints each reason once, with curl's message.

/** Starts a TLS server with an untrusted certificate. */
async function startStranger(): Promise<number> {
  const folder = await forTest(makeTemporaryFolder());
  const { certPath, keyPath } = await makeCertificate(folder.path, { host: 'localhost' });
  const server = createServer({ key: await readFile(keyPath), cert: await readFile(certPath) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const reasons: [
  string,
  boolean,
  () => Promise<{ url: string; env?: Record<string, string>; says: RegExp }>,
][] = [
  [
    'a name that does not exist',
    true,
    () => Promise.resolve({ url: 'http://relay.invalid', says: /Could not resolve host: relay\.invalid/ }),
  ],
  [
    'a port where nothing listens',
    true,
    async () => {
      const port = await findClosedPort();
      return { url: `http://127.0.0.1:${port}`, says: new RegExp(`127\\.0\\.0\\.1 port ${port}`) };
    },
  ],
  [
    'an untrusted certificate',
    hasOpenssl,
    async () => ({ url: `https://localhost:${await startStranger()}`, says: /certificate/ }),
  ],
  [
    'a proxy where nothing listens',
    true,
    async () => {
      const port = await findClosedPort();
      const env = { http_proxy: `http://127.0.0.1:${port}` };
      return { url: 'http://relay.example', env, says: new RegExp(`127\\.0\\.0\\.1 port ${port}`) };
    },
  ],
  [
    'a server that is no relay',
    true,
    async () => {
      const server = await startScriptedRelay((_request, response) => {
        response.removeHeader('Remotify-Version');
        response.end('<html>');
      });
      return { url: server.url, says: /: the answer is not from a relay;/ };
    },
  ],
];

test.each(reasons)(
  '%s: one line with the reason, also after many retries',
  async (_title, isThere, prepare) => {
    if (!isThere) return;
    const { url, env, says } = await prepare();
    const { PATH, times } = await makeShortSleep();
    const listener = await startByHand(url, { PATH, ...env });
    // Counts whole seconds: pauses between retries. The watchdog adds one per second.
    await eventually('the listener has retried often', 30_000, async () => {
      return (await times()).filter((time) => /^\d+$/.test(time)).length > 20;
    });
    const output = listener.output();
    expect(output).toMatch(/^remotify: cannot reach the relay: .+; retrying\n$/);
    expect(output).toMatch(says);
    expect(output).not.toMatch(/curl:|\(\d+\)/);
    expect(output).not.toContain(handKey);
  },
);

test('the reason of the failures changes: each reason is printed once, and so is the reconnection', async () => {
  const relay = await startScriptedRelay((request) => void request.socket.destroy());
  const { PATH } = await makeShortSleep();
  const listener = await startByHand(relay.url, { PATH });
  const asked = async () => {
    const before = relay.verbs.length;
    await eventually('more requests', 30_000, () => relay.verbs.length >= before + 4);
  };
  await asked();
  relay.answer((_request, response) => response.writeHead(503).end());
  await asked();
  relay.answer((request) => void request.socket.destroy());
  await asked();
  relay.answer((_request, response) => response.writeHead(204).end());
  await asked();
  const [greeting, ...lines] = listener.output().trimEnd().split('\n');
  expect(greeting).toMatch(/^remotify: listening as /);
  expect(lines).toEqual([
    'remotify: cannot reach the relay: Empty reply from server; retrying',
    'remotify: the relay answered HTTP 503; retrying',
    'remotify: connected to the relay again',
  ]);
});

test('an error of curl with control characters: they are replaced, and at most 200 characters are printed', async () => {
  const { PATH } = await makeShortSleep();
  const listener = await startByHand(`http://${'x'.repeat(400)}\u001b[2Jé.invalid`, { PATH });
  await eventually('the listener prints it', 30_000, () => listener.output().includes('; retrying\n'));
  const reason = /^remotify: cannot reach the relay: (.+); retrying\n/.exec(listener.output())?.[1] ?? '';
  expect(reason).toMatch(/^[\x20-\x7e]{1,200}$/);
});

const relay = useRelay();

async function makeHome(curlrc: string, name = '.curlrc') {
  const home = await forTest(makeTemporaryFolder());
  await mkdir(join(home.path, 'config'));
  await writeFile(join(home.path, name), curlrc);
  return { HOME: home.path, XDG_CONFIG_HOME: join(home.path, 'config') };
}

test.each([
  ['a proxy where nothing listens', 'proxy = "http://127.0.0.1:1"\n'],
  ['an output file', 'output = "/dev/null"\n'],
  ['a head that is printed', '-i\n'],
  ['a remote name', 'remote-name\n'],
  ['another header', 'header = "Authorization: Bearer x"\nheader = "Remotify-Listener: y"\n'],
  ['a missing certificate file', 'cacert = "/nonexistent"\nfail\nsilent\nmax-time = 0.001\n'],
])('~/.curlrc with %s: neither the line nor the script obeys it', async (_title, curlrc) => {
  const client = await forTest(makeClient(relay));
  await forTest(startListener(await client.makeSession('--auto'), await makeHome(curlrc)));
  await waitForState(client, 'the listener is connected', (state) => state.listener?.attached === true);
  expect(await client.run(['exec', 'echo out; exit 3'])).toMatchObject({ exitCode: 3, text: 'out\n' });
});

test.each([
  ['~/.curlrc', '.curlrc', '# mine\nproxy = "http://proxy.example"\n'],
  ['/config/curlrc', 'config/curlrc', 'cacert = "/etc/ca.pem"'],
])(
  'an unreachable relay and settings in %s: one hint that the file is ignored',
  async (says, name, curlrc) => {
    const { PATH, times } = await makeShortSleep();
    const env = await makeHome(curlrc, name);
    const listener = await startByHand(`http://127.0.0.1:${await findClosedPort()}`, { PATH, ...env });
    await eventually('the listener has retried often', 30_000, async () => (await times()).length > 20);
    const lines = listener.output().trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]?.endsWith(`${says} is ignored: set https_proxy or CURL_CA_BUNDLE`)).toBe(true);
  },
);

test('an unreachable relay and only comments in ~/.curlrc: no hint', async () => {
  const { PATH, times } = await makeShortSleep();
  const env = await makeHome('# nothing\n\n   # set\n');
  const listener = await startByHand(`http://127.0.0.1:${await findClosedPort()}`, { PATH, ...env });
  await eventually('the listener has retried often', 30_000, async () => (await times()).length > 20);
  expect(listener.output()).not.toContain('curlrc');
});
