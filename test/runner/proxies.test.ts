import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { hasOpenssl, makeCertificate } from '../harness/certificate.ts';
import { makeClient } from '../harness/client.ts';
import { startForwardProxy } from '../harness/forward-proxy.ts';
import { startListener } from '../harness/listener.ts';
import { passOn } from '../harness/pass-on.ts';
import { startRelay } from '../harness/relay-process.ts';
import { waitForState } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

// A remote that reaches the relay only through an HTTP proxy; only the proxy can resolve the relay's name.

const host = 'relay.example';

/** Starts a TLS server in front of the relay; returns its port and the file of its certificate. */
async function startTls(relay: { port: number }): Promise<{ port: number; certificate: string }> {
  const folder = await forTest(makeTemporaryFolder());
  const { certPath, keyPath } = await makeCertificate(folder.path, { host });
  const tls = { key: await readFile(keyPath), cert: await readFile(certPath) };
  const server = createServer(tls, (incoming, answer) => passOn(incoming, answer, relay.port));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, certificate: certPath };
}

test.skipIf(!hasOpenssl).each([
  ['http', 'http_proxy'],
  ['https', 'https_proxy'],
  ['https', 'HTTPS_PROXY'],
  ['https', 'ALL_PROXY'],
])(
  'a relay at %s:// and a proxy in %s: the line, a command with stdin and its result go through the proxy',
  async (scheme, name) => {
    const relay = await forTest(startRelay({ flags: ['--public-url', `${scheme}://${host}`] }));
    const tls = scheme === 'https' ? await startTls(relay) : undefined;
    const proxy = await forTest(startForwardProxy(tls?.port ?? relay.port));
    const client = await forTest(makeClient(relay));
    const line = await client.makeSession('--auto');
    expect(line).toContain(`${scheme}://${host}/r/`);
    const trusted = tls ? { CURL_CA_BUNDLE: tls.certificate } : {};
    await forTest(startListener(line, { [name]: proxy.url, ...trusted }));
    await waitForState(client, 'the listener is attached', (state) => state.listener?.attached === true);
    const script = `read -r word; echo "$word"; head -c 200000 /dev/zero; echo "$${name}" >&2; exit 6`;
    const { exitCode, stdout, stderr } = await client.run(['exec', '-i', script], { stdin: 'word\n' });
    expect([exitCode, stdout.byteLength, stdout.subarray(0, 5).toString()]).toEqual([6, 200_005, 'word\n']);
    // The command has the same proxy variable as the listener.
    expect(stderr).toBe(`${proxy.url}\n`);
    const way = tls ? `CONNECT ${host}:443` : `GET http://${host}/r/`;
    expect(proxy.requests.filter((asked) => asked.startsWith(way)).length).toBeGreaterThan(0);
  },
);
