/** A relay under a path of its proxy: the proxy strips the path or leaves it. */
import { describe, expect, test } from 'vitest';
import { hasOpenssl } from '../harness/certificate.ts';
import { curl } from '../harness/curl.ts';
import { findProgram } from '../harness/find-program.ts';
import { findFreePort } from '../harness/free-port.ts';
import {
  type Proxy,
  type ProxyOptions,
  startCaddy,
  startHaproxy,
  startNginx,
} from '../harness/proxy-process.ts';
import { startRelay } from '../harness/relay-process.ts';
import { startRemoteThrough } from './remote-through.ts';
import { forTest } from '../harness/for-test.ts';

const prefix = '/remotify';

type Start = (options: ProxyOptions) => Promise<Proxy>;

const proxies: [name: string, scheme: string, start: Start][] = [
  ['nginx', 'https', startNginx],
  ['haproxy', 'https', startHaproxy],
  ['caddy', 'http', (options) => startCaddy({ ...options, authority: 'http' })],
];

async function startUnderPath(start: Start, scheme: string, isStripped: boolean): Promise<Proxy> {
  const port = await findFreePort();
  const url = `${scheme}://localhost:${port}${prefix}`;
  const relay = await forTest(startRelay({ flags: ['--trust-proxy', '1', '--public-url', url] }));
  const proxy = await forTest(
    start({ upstreams: [`127.0.0.1:${relay.port}`], port, path: { prefix, isStripped } }),
  );
  expect(proxy.url).toBe(url);
  return proxy;
}

for (const [name, scheme, start] of proxies) {
  const isMissing = findProgram(name) === undefined || !hasOpenssl;
  const title = `under ${prefix} of ${name}${isMissing ? ` (skipped: ${name} or openssl is not installed)` : ''}`;
  describe.skipIf(isMissing)(title, () => {
    test.each([
      ['strips the path', true],
      ['leaves the path', false],
    ])(
      'a proxy that %s: line, commands, slots and page work',
      { timeout: 60_000 },
      async (_what, isStripped) => {
        const proxy = await startUnderPath(start, scheme, isStripped);
        const trust = proxy.caPath === undefined ? [] : ['--cacert', proxy.caPath];
        const get = (path: string, ...args: string[]) => curl(['-4', ...trust, ...args, proxy.url + path]);

        const remote = await forTest(startRemoteThrough(proxy));
        expect(remote.line).toContain(`'${proxy.url}/r/`);
        expect((await remote.exec(['exit 7'])).exitCode).toBe(7);

        const { key, urls } = (await get('/api/session', '-X', 'POST')).json<{
          key: string;
          urls: { cmd: string };
        }>();
        expect(urls.cmd).toBe(`${proxy.url}/cmd-${key}`);
        expect((await get(`/cmd-${key}`, '--data-raw', 'true')).status).toBe(201);

        const page = await get('/');
        const styles = /href="([^"]+\.css)"/.exec(page.text)?.[1] ?? 'none';
        const { pathname } = new URL(styles, `${proxy.url}/`);
        expect((await get(pathname.slice(prefix.length))).status).toBe(200);
      },
    );
  });
}
