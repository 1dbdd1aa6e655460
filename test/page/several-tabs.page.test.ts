import { stat } from 'node:fs/promises';
import type { Page, Route } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { startFaultProxy } from '../harness/fault-proxy.ts';
import { startListener } from '../harness/listener.ts';
import { hasChromium, useBrowser, visit } from './browser.ts';
import {
  findCommand,
  findLight,
  makeOnPage,
  openBeside,
  openGate,
  openKey,
  openPanel,
  readLine,
  readOutput,
  runOnPage,
  startOnPage,
  waitForWords,
} from './session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// Several tabs and windows of one browser, which share six connections to a relay.

const relay = useRelay();
const browser = useBrowser();

/** Paths of this page's pending requests. */
function watchRequests(page: Page): Set<string> {
  const open = new Map<unknown, string>();
  const paths = new Set<string>();
  const note = () => {
    paths.clear();
    for (const path of open.values()) paths.add(path);
  };
  page.on('request', (request) => {
    const { pathname, search } = new URL(request.url());
    open.set(request, pathname + search);
    note();
  });
  const end = (request: unknown) => {
    open.delete(request);
    note();
  };
  page.on('requestfinished', end);
  page.on('requestfailed', end);
  return paths;
}

async function setHidden(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: ${isHidden} });
    document.dispatchEvent(new Event('visibilitychange'))`);
}

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('four visible windows on two sessions with running commands: a new push is sent at once, and each window sees the ends', async () => {
    const visitor = await visit(browser, relay);
    const windows = [visitor.page];
    while (windows.length < 4) windows.push(await visitor.page.context().newPage());
    const held = windows.map(watchRequests);
    const countHeld = () =>
      held.reduce((sum, paths) => sum + [...paths].filter((path) => path.includes('wait=')).length, 0);
    const gate = await openGate();
    // Two sessions, each in two windows.
    for (const [at, page] of windows.entries()) {
      const before = windows[at - 1];
      if (at > 0) await page.goto(at % 2 === 0 ? `${relay.url}/` : (before?.url() ?? ''));
      if (at % 2 === 0) {
        await startOnPage({ page });
        await runOnPage(page, `echo begun; ${gate.wait}; echo done`);
      } else await openKey(page);
      await findCommand(page, 'c1').getByText('begun', { exact: true }).waitFor();
      expect(countHeld()).toBeLessThanOrEqual(4);
    }
    const last = windows.at(-1) as Page;
    await runOnPage(last, 'echo next');
    await findCommand(last, 'c2').getByText('queued').waitFor({ timeout: 5_000 });
    await gate.open();
    await gate.open();
    for (const page of windows) {
      await waitForWords(findCommand(page, 'c1'), 'exit status 0');
      await findCommand(page, 'c1').getByText('done', { exact: true }).waitFor();
    }
    await waitForWords(findCommand(last, 'c2'), 'exit status 0');
    expect(countHeld()).toBeLessThanOrEqual(4);
    // A place that a closed window gave back is taken again.
    for (const page of windows.slice(0, 3)) await page.close();
    const isHeld = (path: string) => path.includes('wait=');
    await eventually('the last window holds a poll', 10_000, () => [...(held.at(-1) ?? [])].some(isHeld));
  });

  test('hidden tabs: hold no request, unless notifications are on; visible again: up to date', async () => {
    const visitor = await visit(browser, relay, { expected: /net::ERR_ABORTED/ });
    const { page } = visitor;
    await page.context().grantPermissions(['notifications']);
    await makeOnPage(visitor);
    const second = await page.context().newPage();
    await second.goto(page.url());
    await openKey(second);
    await findLight(second, 'waiting').waitFor();
    await openPanel(second, 'session');
    await second.getByRole('button', { name: 'notify me' }).click();
    await second.locator('#notify[aria-pressed="true"]').waitFor();
    const held = watchRequests(page);
    await setHidden(page, true);
    await setHidden(second, true);
    const beside = await openBeside(relay, visitor);
    await beside.ask('POST', '/commands', 'echo one');
    await waitForWords(findCommand(second, 'c1'), 'queued');
    await beside.ask('POST', '/commands', 'echo two');
    await waitForWords(findCommand(second, 'c2'), 'queued');
    expect(await page.locator('.command').count()).toBe(0);
    expect([...held]).toEqual([]);
    await setHidden(page, false);
    await waitForWords(findCommand(page, 'c2'), 'queued');
  });

  test('a tab hidden and shown again while a command awaits approval: its title shows it at once, before the relay answers', async () => {
    const visitor = await visit(browser, relay, { expected: /net::ERR_ABORTED/ });
    const { page } = visitor;
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    await beside.ask('POST', '/commands', 'reboot');
    await beside.listenAs({ mode: 'supervised' }, 'GET', '/next');
    await findLight(page, 'asking').waitFor();
    const asking = /^\? approval\? [0-9a-f]{4}… – remotify$/;
    expect(await page.title()).toMatch(asking);
    await setHidden(page, true);
    expect(await page.title()).toMatch(/^[0-9a-f]{4}… – remotify$/);
    const held: Route[] = [];
    let isHolding = true;
    await page.route('**/status*', (route) => (isHolding ? void held.push(route) : route.continue()));
    await setHidden(page, false);
    expect(await page.title()).toMatch(asking);
    await eventually('the page polls the relay', 10_000, () => held.length > 0);
    expect(await page.title()).toMatch(asking);
    await beside.listenAs({ mode: 'supervised' }, 'POST', '/commands/c1/decline', '');
    isHolding = false;
    for (const route of held) await route.continue();
    await findLight(page, 'ready').waitFor();
    expect(await page.title()).toMatch(/^● /);
  });

  test('a tab is hidden during a download: the file is saved completely', async () => {
    const proxy = await forTest(startFaultProxy());
    proxy.aim(relay);
    const visitor = await visit(browser, proxy, { expected: /net::ERR_ABORTED/ });
    const { page } = visitor;
    await startOnPage(visitor);
    await runOnPage(page, "head -c 5000000 /dev/zero | tr '\\0' x");
    await waitForWords(findCommand(page, 'c1'), 'exit status 0');
    let parts = 0;
    proxy.setRules({
      onRequest: ({ target }) => {
        if (!target.includes('limit=') || target.includes('wait=')) return undefined;
        parts++;
        return { fault: 'delay', ms: 200 };
      },
    });
    const saved = page.waitForEvent('download');
    await findCommand(page, 'c1').getByRole('button', { name: 'download' }).click();
    await eventually('the page requests a part', 10_000, () => parts > 0);
    await setHidden(page, true);
    const path = await (await saved).path();
    expect((await stat(path)).size).toBe(5_000_000);
    expect(parts).toBe(2);
  });

  test('110 commands while a tab is hidden: forgotten commands show "outcome unknown", and new ones work', async () => {
    const visitor = await visit(browser, relay, { expected: /net::ERR_ABORTED|status of 404/ });
    const { page } = visitor;
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    await beside.ask('POST', '/commands', 'echo forgotten');
    await waitForWords(findCommand(page, 'c1'), 'queued');
    await setHidden(page, true);
    const numbers = Array.from({ length: 110 }, (_, at) => at + 2);
    const ask = (method: string, path: string, body?: string) =>
      fetch(`${relay.url}/api/session/self${path}`, {
        method,
        headers: { authorization: `Bearer ${visitor.key()}` },
        ...(body !== undefined && { body }),
      });
    await ask('DELETE', '/commands/c1');
    for (const number of numbers) {
      await ask('POST', '/commands', `echo ${number}`);
      await ask('DELETE', `/commands/c${number}`);
    }
    await setHidden(page, false);
    await waitForWords(findCommand(page, 'c111'), 'cancelled before it ran');
    await waitForWords(
      findCommand(page, 'c1'),
      'outcome unknown: the relay no longer remembers this command',
    );
    await forTest(startListener(await readLine(page, 'auto')));
    await runOnPage(page, 'echo on');
    await waitForWords(findCommand(page, 'c112'), 'exit status 0');
    expect(await readOutput(findCommand(page, 'c112'), 'stdout')).toEqual(['on']);
    const ids = await page.locator('.command .id').allTextContents();
    expect(ids).toEqual(ids.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1))));
    expect(await page.getByRole('alert').textContent()).toBe('');
  });
});
