import { describe, expect, onTestFinished, test } from 'vitest';
import { type FrontOptions, startFrontProxy } from '../harness/front-proxy.ts';
import { startRelay } from '../harness/relay-process.ts';
import { hasChromium, useBrowser, visit } from './browser.ts';
import {
  endSession,
  findCommand,
  findLight,
  readOutput,
  runOnPage,
  startOnPage,
  waitForWords,
} from './session.ts';

// The page below a path, through a proxy that strips or keeps the path.

const browser = useBrowser();

async function setUp(options: FrontOptions, hasPublicUrl: boolean) {
  const front = await startFrontProxy(options);
  const relay = await startRelay({ flags: hasPublicUrl ? ['--public-url', front.url] : [] });
  front.aim(relay);
  onTestFinished(async () => {
    await relay.stop();
    await front.stop();
  });
  return { front, relay };
}

describe.skipIf(!hasChromium)('in chromium (skipped where there is none)', { timeout: 90_000 }, () => {
  test.each([
    ['strips the path', true, '/'],
    ['strips the path, at an address without a trailing slash', true, ''],
    ['keeps the path', false, '/'],
    ['keeps the path, at an address without a trailing slash', false, ''],
  ])('a proxy that %s: create a session, run, reload, end', async (_title, strips, path) => {
    const { front } = await setUp({ path: '/remotify', strips }, true);
    const visitor = await visit(browser, front, { path });
    const { page, key } = visitor;
    expect(await page.locator('#relay').textContent()).toBe(front.url);
    await startOnPage(visitor);
    await runOnPage(page, 'echo below a path; exit 7');
    await waitForWords(findCommand(page, 'c1'), 'exit status 7');
    expect(await readOutput(findCommand(page, 'c1'), 'stdout')).toEqual(['below a path']);
    const made = key();
    expect(await page.locator('[data-line="cli"]').textContent()).toContain(`--url ${front.url} `);

    await page.reload();
    await findLight(page, 'ready').waitFor();
    expect(key()).toBe(made);
    await endSession(page);
    await page.locator('#light-words', { hasText: 'ended' }).waitFor();
    expect(page.url()).toBe(front.url + path);
    // No requests outside the path, where other services are.
    const paths = visitor.requests.map(({ url }) => new URL(url).pathname);
    expect(paths.filter((asked) => !/^\/remotify(\/|$)/.test(asked))).toEqual([]);
  });

  test('a proxy that strips the path, and a relay without a public URL: the page works', async () => {
    const { front } = await setUp({ path: '/some/where', strips: true }, false);
    const visitor = await visit(browser, front, { path: '/' });
    const { page } = visitor;
    await page.getByRole('button', { name: 'create a session' }).click();
    await page.locator('#session').waitFor();
    expect(front.requests).toContain('POST /some/where/api/session');
  });

  test('a relay with a public URL below a path: the page also works at the address of the relay itself', async () => {
    const { relay } = await setUp({ path: '/remotify' }, true);
    const { page } = await visit(browser, relay, { path: '/' });
    await page.getByRole('button', { name: 'create a session' }).click();
    await page.locator('#session').waitFor();
  });
});
