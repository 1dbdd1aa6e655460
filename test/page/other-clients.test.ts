import type { Browser } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { curl } from '../harness/curl.ts';
import { eventually } from '../harness/deadline.ts';
import type { Relay } from '../harness/relay-process.ts';
import { hasChromium, openScene, visit, visitThroughProxy } from './browser.ts';
import { findCommand, findLight, makeOnPage, openBeside, runOnPage, waitForWords } from './session.ts';

// What other clients and legacy listeners do, as the page shows it; and what this tab did itself.

let relay: Relay;
let browser: Browser;
beforeAll(() => openScene((scene) => ({ relay, browser } = scene)));

describe.skipIf(!hasChromium)('in chromium', { timeout: 60_000 }, () => {
  test('other clients: who pushed it, a long text that cannot be used again, reset, cancel', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    const long = `echo ${'x'.repeat(300)}; rm -rf /tmp/nothing`;
    await beside.ask('POST', '/commands', long, '-H', 'Remotify-Client: ann@desk,remotify/0.1.0');
    await beside.ask('POST', '/commands', 'echo short', '-H', 'Remotify-Client: mcp');
    await waitForWords(findCommand(page, 'c2'), 'queued, 1 ahead of it');
    expect(await findCommand(page, 'c1').locator('.by').textContent()).toBe(', from ann@desk');
    expect(await findCommand(page, 'c2').locator('.by').textContent()).toBe(', from mcp');
    await findCommand(page, 'c2').getByRole('button', { name: 'reuse' }).waitFor();
    expect(await findCommand(page, 'c1').getByRole('button', { name: 'reuse' }).isVisible()).toBe(false);
    await beside.ask('DELETE', '/commands/c1');
    await waitForWords(findCommand(page, 'c1'), 'cancelled before it ran');
    await beside.ask('POST', '/reset');
    await waitForWords(findCommand(page, 'c2'), 'the session was reset');
    // A reload knows the texts of before, as far as they are whole.
    await page.reload();
    await waitForWords(findCommand(page, 'c2'), 'the session was reset');
    const field = page.getByLabel('command', { exact: true });
    await field.press('ArrowUp');
    expect(await field.inputValue()).toBe('echo short');
    await field.press('ArrowUp');
    expect(await field.inputValue()).toBe('echo short');
  });

  test('texts that the prompt cannot hold as they are: they are not offered again', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const beside = await openBeside(relay, visitor);
    await beside.ask('POST', '/commands', 'echo safe\rrm x');
    await beside.ask('POST', '/commands', Buffer.from('rm caf\xe9.txt', 'latin1'));
    await waitForWords(findCommand(page, 'c2'), 'queued');
    for (const id of ['c1', 'c2'])
      expect(await findCommand(page, id).getByRole('button', { name: 'reuse' }).isVisible(), id).toBe(false);
    await page.reload();
    await waitForWords(findCommand(page, 'c2'), 'queued');
    const field = page.getByLabel('command', { exact: true });
    await field.press('ArrowUp');
    expect(await field.inputValue()).toBe('');
  });

  test('a push whose answer is lost, and which the list tells first: it is shown once, as this tab’s own', async () => {
    const { proxy, visitor } = await visitThroughProxy(browser, relay, { expected: /net::ERR_/ });
    const { page } = visitor;
    await makeOnPage(visitor);
    const long = `echo ${'y'.repeat(300)}`;
    let pushes = 0;
    proxy.setRules({
      onAnswer: ({ method, verb }) =>
        method === 'POST' && verb === 'commands' && pushes++ < 2 ? { fault: 'swallow' } : undefined,
    });
    await runOnPage(page, long);
    await waitForWords(findCommand(page, 'c1'), 'queued');
    await eventually('the third push is answered', 10_000, () => pushes === 3);
    await page.locator('.command[data-state="sending"]').waitFor({ state: 'detached' });
    expect(await page.locator('.command-text').allTextContents()).toEqual([`c1 ${long}`]);
    await expect.poll(() => findCommand(page, 'c1').locator('.by').textContent()).toBe('');
  });

  test('a legacy listener on the slot: it is there, its mode is unknown, and its result is shown', async () => {
    const visitor = await visit(browser, relay);
    const { page } = visitor;
    await makeOnPage(visitor);
    const key = visitor.key();
    const poll = curl([`${relay.url}/cmd-${key}`]);
    await findLight(page, 'ready').waitFor();
    expect(await page.locator('#light-words').textContent()).toBe('legacy listener: connected, mode unknown');
    await runOnPage(page, 'echo legacy');
    const { text } = await poll;
    expect(text).toContain('echo legacy');
    await findLight(page, 'busy').waitFor();
    await curl(['--data-binary', 'legacy\n', `${relay.url}/result-${key}`]);
    await findCommand(page, 'c1').getByText('legacy', { exact: true }).waitFor();
    await waitForWords(findCommand(page, 'c1'), 'ended');
    // Through the slot, by a legacy client.
    await curl(['--data-binary', 'echo slot', `${relay.url}/cmd-${key}`]);
    await waitForWords(findCommand(page, 'c2'), 'queued');
    expect(await findCommand(page, 'c2').locator('.by').textContent()).toMatch(/^, from curl\//);
  });
});
