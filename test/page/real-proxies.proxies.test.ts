import { describe, expect, test } from 'vitest';
import { findFreePort } from '../harness/free-port.ts';
import { wrapNginx } from '../harness/proxies.ts';
import { hasProxy, type ProxyKind, startRealProxy } from '../harness/real-proxy.ts';
import { startRelay } from '../harness/relay-process.ts';
import { hasChromium, useBrowser, visit } from './browser.ts';
import { findCommand, findLight, readOutput, runOnPage, startOnPage, waitForWords } from './session.ts';
import { forTest } from '../harness/for-test.ts';

// The page below a path behind nginx and Caddy, which strip or keep the path.

const browser = useBrowser();

type Configure = (front: number, relay: number) => (folder: string) => string;

const nginx =
  (rules: (relay: string) => string): Configure =>
  (front, relay) =>
  (folder) =>
    wrapNginx(folder, `server { listen 127.0.0.1:${front}; ${rules(`http://127.0.0.1:${relay}`)} }`);

const caddy =
  (rules: (relay: string) => string): Configure =>
  (front, relay) =>
  () =>
    `{\n  admin off\n  auto_https off\n}\nhttp://localhost:${front} {\n${rules(`127.0.0.1:${relay}`)}\n}\n`;

const rows: [title: string, kind: ProxyKind, path: string, entry: string, Configure][] = [
  [
    'nginx that strips the path',
    'nginx',
    '/remotify',
    '/',
    nginx((relay) => `location /remotify/ { proxy_pass ${relay}/; }`),
  ],
  [
    'nginx that keeps a path with special characters, at an address without a trailing slash',
    'nginx',
    '/a%20b@c+d',
    '',
    nginx((relay) => `location "/a b@c+d" { proxy_pass ${relay}; }`),
  ],
  [
    'Caddy that strips the path, at an address without a trailing slash',
    'caddy',
    '/remotify',
    '',
    caddy((relay) => `  handle_path /remotify* {\n    reverse_proxy ${relay}\n  }`),
  ],
  [
    'Caddy that keeps the path',
    'caddy',
    '/remotify',
    '/',
    caddy((relay) => `  handle /remotify* {\n    reverse_proxy ${relay}\n  }`),
  ],
];

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  for (const [title, kind, path, entry, configure] of rows) {
    test.skipIf(!hasProxy(kind))(`${title}: runs a command, reloads (skipped without ${kind})`, async () => {
      const front = await findFreePort();
      const url = `http://localhost:${front}${path}`;
      const relay = await forTest(startRelay({ flags: ['--public-url', url] }));
      await forTest(startRealProxy(kind, front, configure(front, relay.port)));
      const visitor = await visit(browser, { url }, { path: entry });
      const { page, key, requests } = visitor;
      await startOnPage(visitor);
      await runOnPage(page, 'echo below; exit 7');
      await waitForWords(findCommand(page, 'c1'), 'exit status 7');
      expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['below']);
      const before = key();
      await page.reload();
      await findLight(page, 'ready').waitFor();
      expect(key()).toBe(before);
      const paths = requests.map((request) => new URL(request.url).pathname);
      expect(paths.filter((asked) => !asked.startsWith(path))).toEqual([]);
    });
  }
});
