import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasOpenssl, makeCertificate } from '../harness/certificate.ts';
import type { Client } from '../harness/client.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { type ForwardProxyOptions, startForwardProxy } from '../harness/forward-proxy.ts';
import { readSession } from '../harness/remote.ts';
import { startSocksProxy } from '../harness/socks-proxy.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { startTlsFront } from '../harness/tls-front.ts';
import { startMcpHost } from '../mcp/mcp-host.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';

// A client that can reach the relay only through a proxy: only the proxy resolves its host name.

const host = 'relay.example';
const script = 'read -r word; echo "$word"; head -c 200000 /dev/zero; exit 6';

const relay = useRelay({ flags: ['--allowed-host', host] });
const remote = useRemote(relay);
let key: string;
beforeAll(async () => {
  ({ key } = await readSession(remote.configDir));
});

/** Runs `remotify --url URL -s KEY …` with these variables. */
function runAt(url: string, env: Record<string, string>, ...words: string[]): ReturnType<Client['run']> {
  return remote.run([...words.slice(0, 1), '--url', url, '-s', key, ...words.slice(1)], {
    env,
    stdin: 'word\n',
  });
}

async function startProxy(port: number, options?: ForwardProxyOptions) {
  const proxy = await forTest(startForwardProxy(port, options));
  return proxy;
}

async function makeTls() {
  const folder = await forTest(makeTemporaryFolder());
  const { certPath, keyPath } = await makeCertificate(folder.path, { host });
  return { certPath, tls: { key: await readFile(keyPath), cert: await readFile(certPath) } };
}

function expectRun({ exitCode, stdout, stderr }: Awaited<ReturnType<Client['run']>>): void {
  expect(stderr).toBe('');
  expect([exitCode, stdout.byteLength, stdout.subarray(0, 5).toString()]).toEqual([6, 200_005, 'word\n']);
}

describe('exec through a proxy', () => {
  test.each(['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'])(
    'http relay, %s: the proxy gets requests with full URLs',
    async (name) => {
      const proxy = await startProxy(relay.port);
      expectRun(await runAt(`http://${host}`, { [name]: proxy.url }, 'exec', '-i', script));
      expect(proxy.requests.length).toBeGreaterThan(1);
      for (const asked of proxy.requests)
        expect(asked).toMatch(/^(GET|POST|PUT) http:\/\/relay\.example\/api\//);
    },
  );

  test.skipIf(!hasOpenssl).each(['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'])(
    'https relay, %s: the proxy gets only CONNECT requests',
    async (name) => {
      const { certPath, tls } = await makeTls();
      const proxy = await startProxy(await startTlsFront(relay, tls));
      const env = { [name]: proxy.url, NODE_EXTRA_CA_CERTS: certPath };
      expectRun(await runAt(`https://${host}`, env, 'exec', '-i', script));
      expect([...new Set(proxy.requests)]).toEqual([`CONNECT ${host}:443`]);
    },
  );

  test('http_proxy takes precedence over HTTP_PROXY and all_proxy', async () => {
    const proxy = await startProxy(relay.port);
    const env = { http_proxy: proxy.url, HTTP_PROXY: 'http://127.0.0.1:1', all_proxy: 'http://127.0.0.1:1' };
    expect((await runAt(`http://${host}`, env, 'exec', 'true')).exitCode).toBe(0);
  });

  test('REQUEST_METHOD is set, as in CGI: HTTP_PROXY is ignored, since a client of the web server can set it', async () => {
    const proxy = await startProxy(relay.port);
    const env = { HTTP_PROXY: proxy.url, REQUEST_METHOD: 'GET' };
    expect((await runAt(relay.url, env, 'exec', 'true')).exitCode).toBe(0);
    expect(proxy.requests).toEqual([]);
  });

  test('a proxy URL without a scheme: http', async () => {
    const proxy = await startProxy(relay.port);
    const env = { http_proxy: `127.0.0.1:${proxy.port}` };
    expect((await runAt(`http://${host}`, env, 'exec', 'true')).exitCode).toBe(0);
    expect(proxy.requests.length).toBeGreaterThan(0);
  });

  test.skipIf(!hasOpenssl)('a login in the proxy URL: decoded and sent, for http and https', async () => {
    const { certPath, tls } = await makeTls();
    const login = 'us@r:p/ss%:wörd';
    const shown = `${encodeURIComponent('us@r')}:${encodeURIComponent('p/ss%:wörd')}`;
    const plain = await startProxy(relay.port, { login });
    const tunnel = await startProxy(await startTlsFront(relay, tls), { login });
    const env = {
      http_proxy: plain.url.replace('//', `//${shown}@`),
      https_proxy: tunnel.url.replace('//', `//${shown}@`),
      NODE_EXTRA_CA_CERTS: certPath,
    };
    for (const scheme of ['http', 'https'])
      expectRun(await runAt(`${scheme}://${host}`, env, 'exec', '-i', script));
  });

  test.skipIf(!hasOpenssl)('a proxy that speaks TLS: works for http and https relays', async () => {
    const { certPath, tls } = await makeTls();
    const plain = await startProxy(relay.port, { tls });
    const tunnel = await startProxy(await startTlsFront(relay, tls), { tls });
    const env = { http_proxy: plain.url, https_proxy: tunnel.url, SSL_CERT_FILE: certPath };
    for (const scheme of ['http', 'https'])
      expectRun(await runAt(`${scheme}://${host}`, env, 'exec', '-i', script));
  });

  test.skipIf(!hasOpenssl)(
    'socks5h: the proxy resolves the host name, for http and https, with a login',
    async () => {
      const { certPath, tls } = await makeTls();
      const plain = await startSocksProxy(relay.port);
      const tunnel = await startSocksProxy(await startTlsFront(relay, tls), { login: 'user:pä ss' });
      onTestFinished(async () => void (await Promise.all([plain.stop(), tunnel.stop()])));
      const all = { NODE_EXTRA_CA_CERTS: certPath };
      const http = { ...all, ALL_PROXY: `socks5h://${plain.place}` };
      expectRun(await runAt(`http://${host}`, http, 'exec', '-i', script));
      const https = { ...all, ALL_PROXY: `socks5h://user:p%C3%A4%20ss@${tunnel.place}` };
      expectRun(await runAt(`https://${host}`, https, 'exec', '-i', script));
      expect([...new Set([...plain.requests, ...tunnel.requests])]).toEqual([`${host}:80`, `${host}:443`]);
    },
  );

  test('socks5: the client resolves the host name', async () => {
    const socks = await forTest(startSocksProxy(relay.port));
    const env = { all_proxy: `socks5://${socks.place}` };
    expect((await runAt(`http://localhost:${relay.port}`, env, 'exec', 'true')).exitCode).toBe(0);
    expect(socks.requests[0]).toMatch(/^(127\.0\.0\.1|0\.0\..*):\d+$/);
  });

  test('Ctrl-C while a long poll is open through the proxy: the cancel reaches the relay', async () => {
    const proxy = await startProxy(relay.port);
    const run = remote.start(['exec', '--url', `http://${host}`, '-s', key, 'echo begun; exec sleep 300'], {
      http_proxy: proxy.url,
    });
    onTestFinished(() => void run.child.kill('SIGKILL'));
    await eventually('the command began', 15_000, () => run.stdout().includes('begun'));
    run.child.kill('SIGINT');
    const deleted = () => proxy.requests.some((asked) => asked.startsWith('DELETE '));
    await eventually('the cancel is sent', 8_000, deleted);
    const { code } = await withDeadline(run.closed, 15_000, 'exec ends');
    expect(code).toBe(130);
  });

  test('the proxy closes the connection of a long poll: exec polls again and loses no output', async () => {
    const proxy = await startProxy(relay.port);
    const words = 'echo begun; read -r word <"$PIPE"; echo "$word"';
    const folder = await forTest(makeTemporaryFolder());
    const pipe = `PIPE='${folder.path}/pipe'; mkfifo "$PIPE"; `;
    const run = remote.start(['exec', '--url', `http://${host}`, '-s', key, pipe + words], {
      http_proxy: proxy.url,
    });
    onTestFinished(() => void run.child.kill('SIGKILL'));
    await eventually('the command began', 15_000, () => run.stdout().includes('begun'));
    const polls = () => proxy.requests.filter((asked) => asked.includes('/output?')).length;
    await eventually('the long poll is open', 15_000, () => polls() > 1);
    const before = polls();
    proxy.cut();
    await eventually('exec polls again', 15_000, () => polls() > before);
    await writeFile(`${folder.path}/pipe`, 'done\n');
    const { code } = await withDeadline(run.closed, 15_000, 'exec ends');
    expect([code, run.stdout().toString()]).toEqual([0, 'begun\ndone\n']);
    expect(run.stderr()).toMatch(
      /^remotify: cannot reach .*the connection closed unexpectedly.*; trying again\n/,
    );
  });

  test('a proxy that never answers: the second Ctrl-C ends exec immediately', async () => {
    const silent = createServer();
    const asked = once(silent, 'connection');
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const sockets: Socket[] = [];
    silent.on('connection', (socket) => sockets.push(socket));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const { port } = silent.address() as AddressInfo;
    const run = remote.start(['exec', 'true'], { all_proxy: `socks5h://127.0.0.1:${port}` });
    onTestFinished(() => void run.child.kill('SIGKILL'));
    await withDeadline(asked, 15_000, 'exec connects to the proxy');
    // Before the client times out by itself. Signals in quick succession arrive as one, and one during the exit kills the process.
    await eventually('exec ends', 8_000, () => {
      const hasLeft = run.stderr().includes('interrupted while the command was being sent');
      if (!hasLeft && run.isRunning()) run.child.kill('SIGINT');
      return hasLeft;
    });
    const { code } = await withDeadline(run.closed, 8_000, 'exec ends');
    // A shell reports both as 130.
    expect(code ?? run.child.signalCode).toBeOneOf([130, 'SIGINT']);
  });

  test('the MCP server uses the proxy', async () => {
    const proxy = await startProxy(relay.port, { login: 'user:secret' });
    const folder = await makeTemporaryFolder();
    const mcp = await startMcpHost(folder.path, {
      REMOTIFY_URL: `http://${host}`,
      REMOTIFY_KEY: key,
      http_proxy: proxy.url.replace('//', '//user:secret@'),
    });
    onTestFinished(async () => {
      await mcp.close();
      await folder.remove();
    });
    const { data } = await mcp.exec('echo through');
    expect(data).toMatchObject({ state: 'finished', exit_status: 0 });
    expect(JSON.stringify(data)).toContain('through');
    expect(proxy.requests.length).toBeGreaterThan(0);
  });
});

describe('NO_PROXY', () => {
  test.each([
    ['no_proxy', '127.0.0.1'],
    ['NO_PROXY', '127.0.0.0/8'],
    ['no_proxy', '*'],
  ])('%s=%s: the relay is reached without the proxy', async (name, list) => {
    const proxy = await startProxy(relay.port);
    const env = { http_proxy: proxy.url, [name]: list };
    expectRun(await runAt(relay.url, env, 'exec', '-i', script));
    expect(proxy.requests).toEqual([]);
  });

  test('a relay on loopback: the proxy is used unless NO_PROXY excludes it, as with curl', async () => {
    const proxy = await startProxy(relay.port);
    expectRun(await runAt(relay.url, { http_proxy: proxy.url }, 'exec', '-i', script));
    expect(proxy.requests.length).toBeGreaterThan(0);
  });
});
